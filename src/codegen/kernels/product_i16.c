/* Any convolution or dense layer of int16 values and int8 weights [out_c][taps][in_c / groups]; multiplier: [out_c], then as many shifts. `narrow`: sums have 32
 * bits and an int32 bias; else 64 bits, and a multiplier of 16. */
typedef struct {
  vg_area area;
  int32_t narrow, low, high;
  const int8_t *weights;
  const int32_t *multiplier;
  const int32_t *narrow_bias;
  const int64_t *bias;
} vg_product_i16;

static inline int32_t vg_scale_wide(int64_t x, int32_t multiplier, int32_t shift) {
  const int32_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
  const uint32_t right = (uint32_t)(15 - shift);
  return (int32_t)((x * reduced + ((int64_t)1 << (right - 1))) >> right);
}

static int64_t vg_product_i16_sum(const vg_area *g, const int8_t *weights, const int16_t *in, int32_t b, int32_t y, int32_t x, int32_t o) {
  const int32_t n = g->in_c / g->groups, first = o / (g->out_c / g->groups) * n;
  const int8_t *w = weights + o * g->kernel_h * g->kernel_w * n;
  int64_t sum = 0;
  for (int32_t i = 0; i < g->kernel_h; ++i)
    for (int32_t j = 0; j < g->kernel_w; ++j, w += n) {
      const int32_t pixel = vg_pixel_under(g, b, y, x, i, j);
      for (int32_t k = 0; pixel >= 0 && k < n; ++k) sum += in[pixel * g->in_c + first + k] * w[k];
    }
  return sum;
}

static void vg_product_i16_run(const vg_product_i16 *p, const void *in, void *out) {
  const vg_area *const g = &p->area;
  const int32_t *const shift = p->multiplier + g->out_c;
  int16_t *to = (int16_t *)out;
  for (int32_t b = 0; b < g->batch; ++b)
    for (int32_t y = 0; y < g->out_h; ++y)
      for (int32_t x = 0; x < g->out_w; ++x)
        for (int32_t o = 0; o < g->out_c; ++o) {
          const int64_t sum = vg_product_i16_sum(g, p->weights, (const int16_t *)in, b, y, x, o);
          const int32_t value = p->narrow ? vg_scale((int32_t)(uint32_t)(sum + p->narrow_bias[o]), p->multiplier[o], shift[o])
                                          : vg_scale_wide(sum + (p->bias ? p->bias[o] : 0), p->multiplier[o], shift[o]);
          *to++ = (int16_t)vg_between(value, p->low, p->high);
        }
}
