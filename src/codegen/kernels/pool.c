/* The largest value under a window, or the average of those inside the input, halves away from zero. */
typedef struct {
  vg_area area;
  int32_t average, is_unsigned, low, high;
} vg_pool;

static int32_t vg_pooled(const vg_pool *p, const uint8_t *in, int32_t b, int32_t y, int32_t x, int32_t c) {
  const vg_area *const g = &p->area;
  int32_t sum = 0, most = -256, n = 0;
  for (int32_t i = 0; i < g->kernel_h; ++i)
    for (int32_t j = 0; j < g->kernel_w; ++j) {
      const int32_t pixel = vg_pixel_under(g, b, y, x, i, j);
      if (pixel < 0) continue;
      const uint8_t byte = in[pixel * g->in_c + c];
      const int32_t v = p->is_unsigned ? byte : (int8_t)byte;
      sum += v, ++n, most = v > most ? v : most;
    }
  return p->average ? (sum > 0 ? sum + n / 2 : sum - n / 2) / n : most;
}

static void vg_pool_run(const vg_pool *p, const void *in, void *out) {
  const vg_area *const g = &p->area;
  uint8_t *to = (uint8_t *)out;
  for (int32_t b = 0; b < g->batch; ++b)
    for (int32_t y = 0; y < g->out_h; ++y)
      for (int32_t x = 0; x < g->out_w; ++x)
        for (int32_t c = 0; c < g->out_c; ++c) {
          const int32_t v = vg_pooled(p, (const uint8_t *)in, b, y, x, c);
          *to++ = (uint8_t)(v < p->low ? p->low : v > p->high ? p->high : v);
        }
}
