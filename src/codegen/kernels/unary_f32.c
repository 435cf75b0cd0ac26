/* A function of floats, one by one. */
typedef struct {
  int32_t count, function;
  float a, b;
} vg_unary_f32;

static float vg_unary(const vg_unary_f32 *f, float x) {
  float t;
  switch (f->function) {
    case 0: return -x;
    case 1: return x < 0 ? -x : x;
    case 2: return x * x;
    case 3: return 1 / x;
    case 4: return vg_exp(x);
    case 5: return vg_tanh(x);
    case 6: return x < 0 ? 0 : x;
    case 7: return x < f->a ? f->a : x > f->b ? f->b : x;
    case 8: return x < 0 ? f->a * x : x;
    case 9: return VG_FMA(f->a, x, f->b);
    case 10: return x < 0 ? f->a * (vg_exp(x) - 1) : x;
    case 11: return 1 / (1 + vg_exp(0 - x));
    case 12: t = VG_FMA(f->a, x, f->b); return t < 0 ? 0 : t > 1 ? 1 : t;
    case 13: t = x + 3; return x * ((1.0f / 6) * (t < 0 ? 0 : t > 6 ? 6 : t));
    case 14: return x / (1 + vg_exp(0 - x));
    case 15: return vg_log(x);
    case 16: return vg_sqrt(x);
    default: return 1 / vg_sqrt(x);
  }
}

static void vg_unary_f32_run(const vg_unary_f32 *f, const void *in, void *out) {
  for (int32_t i = 0; i < f->count; ++i) ((float *)out)[i] = vg_unary(f, ((const float *)in)[i]);
}
