/* Any convolution or dense layer of 8-bit values: groups, batches, zero points of weights, multipliers of any size. weights: [out_c][taps][in_c / groups]. */
typedef struct {
  vg_area area;
  int32_t in_zero; /* as int8 */
  int32_t out_zero, low, high;
  int32_t in_unsigned;
  const int8_t *weights;
  const int32_t *bias, *multiplier, *shift;
  const int32_t *weight_zero; /* 0: none */
} vg_product;

/* The part of one tap; pixel -1: the padding. */
static inline uint32_t vg_product_tap(const vg_product *p, const uint8_t *in, int32_t pixel, int32_t first, int32_t n, const int8_t *w, int32_t weight_zero) {
  const uint8_t flip = p->in_unsigned ? 0x80 : 0;
  uint32_t sum = 0;
  for (int32_t k = 0; k < n; ++k) {
    const int32_t x = pixel < 0 ? p->in_zero : (int8_t)(in[pixel * p->area.in_c + first + k] ^ flip);
    sum += (uint32_t)(x * (w[k] - weight_zero));
  }
  return sum;
}

static int32_t vg_product_sum(const vg_product *p, const uint8_t *in, int32_t b, int32_t y, int32_t x, int32_t o) {
  const vg_area *const g = &p->area;
  const int32_t n = g->in_c / g->groups, first = o / (g->out_c / g->groups) * n, weight_zero = p->weight_zero ? p->weight_zero[o] : 0;
  const int8_t *w = p->weights + o * g->kernel_h * g->kernel_w * n;
  uint32_t sum = (uint32_t)p->bias[o];
  for (int32_t i = 0; i < g->kernel_h; ++i)
    for (int32_t j = 0; j < g->kernel_w; ++j, w += n) sum += vg_product_tap(p, in, vg_pixel_under(g, b, y, x, i, j), first, n, w, weight_zero);
  return (int32_t)sum;
}

static void vg_product_run(const vg_product *p, const void *in, void *out) {
  const vg_area *const g = &p->area;
  uint8_t *to = (uint8_t *)out;
  for (int32_t b = 0; b < g->batch; ++b)
    for (int32_t y = 0; y < g->out_h; ++y)
      for (int32_t x = 0; x < g->out_w; ++x)
        for (int32_t o = 0; o < g->out_c; ++o) {
          const int32_t sum = vg_product_sum(p, (const uint8_t *)in, b, y, x, o);
          *to++ = (uint8_t)vg_between((int64_t)vg_scale(sum, p->multiplier[o], p->shift[o]) + p->out_zero, p->low, p->high);
        }
}
