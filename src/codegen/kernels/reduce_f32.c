/* Sum (0), mean (1), largest (2), least (3), sum of squares (5), of magnitudes (6), root of the sum of squares (7) of floats along the middle one of three axes. */
typedef struct {
  int32_t outer, axis, inner;
  uint32_t function;
} vg_reduce_f32;

static float vg_summand(uint32_t function, float x) {
  if (function == 5 || function == 7) return x * x;
  return function == 6 && x < 0 ? -x : x;
}

static void vg_reduce_f32_run(const vg_reduce_f32 *r, const void *in, void *out) {
  const float *from = (const float *)in;
  float *to = (float *)out;
  for (int32_t o = 0; o < r->outer; ++o, from += r->axis * r->inner)
    for (int32_t i = 0; i < r->inner; ++i) {
      float value = vg_summand(r->function, from[i]);
      for (int32_t a = 1; a < r->axis; ++a) {
        const float x = from[a * r->inner + i];
        value = r->function < 2 || r->function > 3 ? value + vg_summand(r->function, x) : (r->function == 2) == (x > value) ? x : value;
      }
      *to++ = r->function == 1 ? value / (float)r->axis : r->function == 7 ? vg_sqrt(value) : value;
    }
}
