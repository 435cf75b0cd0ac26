/* Any convolution or dense layer of floats: the bias, then product after product in the order of taps and channels. weights: [out_c][taps][in_c / groups]. */
typedef struct {
  vg_area area;
  float low, high;
  const float *weights, *bias;
} vg_product_f32;

static float vg_product_f32_sum(const vg_product_f32 *p, const float *in, int32_t b, int32_t y, int32_t x, int32_t o) {
  const vg_area *const g = &p->area;
  const int32_t n = g->in_c / g->groups, first = o / (g->out_c / g->groups) * n;
  const float *w = p->weights + o * g->kernel_h * g->kernel_w * n;
  float sum = p->bias[o];
  for (int32_t i = 0; i < g->kernel_h; ++i)
    for (int32_t j = 0; j < g->kernel_w; ++j, w += n) {
      const int32_t pixel = vg_pixel_under(g, b, y, x, i, j);
      for (int32_t k = 0; pixel >= 0 && k < n; ++k) sum = VG_FMA(in[pixel * g->in_c + first + k], w[k], sum);
    }
  return sum;
}

static void vg_product_f32_all(const vg_product_f32 *p, const float *in, const float *residual, float *to) {
  const vg_area *const g = &p->area;
  for (int32_t b = 0; b < g->batch; ++b)
    for (int32_t y = 0; y < g->out_h; ++y)
      for (int32_t x = 0; x < g->out_w; ++x)
        for (int32_t o = 0; o < g->out_c; ++o) {
          const float v = vg_product_f32_sum(p, in, b, y, x, o) + (residual ? *residual++ : 0.0f);
          *to++ = v < p->low ? p->low : v > p->high ? p->high : v;
        }
}

static inline void vg_product_f32_run(const vg_product_f32 *p, const void *in, void *out) { vg_product_f32_all(p, (const float *)in, 0, (float *)out); }
