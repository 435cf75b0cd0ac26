/* The largest float under a window, or the average of those inside the input. */
typedef struct {
  vg_area area;
  int32_t average;
  float low, high;
} vg_pool_f32;

static float vg_pooled_f32(const vg_pool_f32 *p, const float *in, int32_t b, int32_t y, int32_t x, int32_t c) {
  const vg_area *const g = &p->area;
  float sum = 0, most = -3.4028235e38f;
  int32_t n = 0;
  for (int32_t i = 0; i < g->kernel_h; ++i)
    for (int32_t j = 0; j < g->kernel_w; ++j) {
      const int32_t pixel = vg_pixel_under(g, b, y, x, i, j);
      if (pixel < 0) continue;
      const float v = in[pixel * g->in_c + c];
      sum += v, ++n, most = v > most ? v : most;
    }
  return p->average ? sum / (float)(n > 0 ? n : 1) : most;
}

static void vg_pool_f32_run(const vg_pool_f32 *p, const void *in, void *out) {
  const vg_area *const g = &p->area;
  float *to = (float *)out;
  for (int32_t b = 0; b < g->batch; ++b)
    for (int32_t y = 0; y < g->out_h; ++y)
      for (int32_t x = 0; x < g->out_w; ++x)
        for (int32_t c = 0; c < g->out_c; ++c) {
          const float v = vg_pooled_f32(p, (const float *)in, b, y, x, c);
          *to++ = v < p->low ? p->low : v > p->high ? p->high : v;
        }
}
