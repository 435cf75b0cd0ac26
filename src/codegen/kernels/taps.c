#ifndef VG_TAPS
#define VG_TAPS 1 /* of the largest such kernel of the model */
#endif

/* Where the taps of one output pixel lie; outside the input at `padding`. */
static void vg_find_taps(const vg_window *g, const int8_t *const *rows, int32_t left, const int8_t *padding, const int8_t **taps) {
  if (left >= 0 && g->dilation_w == 1 && left + g->kernel_w <= g->in_w) {
    for (uint32_t k = 0; k < g->kernel_h; ++k) {
      const uint32_t step = rows[k] ? g->in_c : 0;
      const int8_t *p = rows[k] ? rows[k] + (uint32_t)left * step : padding;
      for (const int8_t **const end = taps + g->kernel_w; taps < end; p += step) *taps++ = p;
    }
    return;
  }
  for (uint32_t k = 0; k < g->kernel_h; ++k)
    for (uint32_t i = 0; i < g->kernel_w; ++i) {
      const uint32_t x = (uint32_t)left + i * g->dilation_w;
      *taps++ = rows[k] && x < g->in_w ? rows[k] + x * g->in_c : padding;
    }
}
