/* Depthwise convolution of at most 16 taps, a channel at a time: its part of some input rows is copied to rows of VG_PITCH bytes in scratch, from which one
 * load gathers a window. weights: [out_c][16]; channels: multiplier, bias * 32 + shift of each. `band` output rows are made at once. */
typedef struct {
  vg_window window;
  uint16_t band;
  const int8_t *weights;
  const uint32_t *channels;
} vg_depthwise;

/* `count` input rows of one channel from row `top` on; what lies outside has been filled. */
static VG_NOINLINE void vg_gather_plane(const vg_window *g, const int8_t *in, int32_t top, uint32_t count, int8_t *to) {
  const uint32_t step = g->in_c, row_bytes = (uint32_t)g->in_w * step, ring = g->in_ring;
  const uint32_t inside = g->in_w + (uint32_t)g->pad_left > VG_PITCH ? VG_PITCH - (uint32_t)g->pad_left : g->in_w;
  uint32_t at = top < 0 ? 0 : (uint32_t)top % ring;
  to += g->pad_left;
  if (top < 0) to -= top * VG_PITCH, count += (uint32_t)top, top = 0;
  if ((uint32_t)top + count > g->in_h) count = g->in_h - (uint32_t)top;
#if VG_MVE
  const uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
#endif
  for (; count > 0; --count, to += VG_PITCH) {
    const int8_t *from = in + at * row_bytes;
#if VG_MVE
    int8_t *p = to;
    int32_t left = (int32_t)inside;
    for (; left >= 8; left -= 8, p += 8, from += 8 * step) vstrbq_s16(p, vldrbq_gather_offset_s16(from, offsets));
    if (left > 0) {
      const mve_pred16_t lanes = vctp16q((uint32_t)left);
      vstrbq_p_s16(p, vldrbq_gather_offset_z_s16(from, offsets, lanes), lanes);
    }
#else
    for (uint32_t x = 0; x < inside; ++x, from += step) to[x] = *from;
#endif
    if (++at == ring) at = 0;
  }
}

/* One channel of one band; lanes beyond the taps load the first one and meet weights of 0: rows of the plane to rows of the output. */
static VG_NOINLINE void vg_plane(const vg_window *g, const int8_t *plane, const int8_t *w, const uint32_t *channel, int8_t *out, uint32_t first, uint32_t last) {
  const uint32_t n = g->out_c, shift = channel[1] & 31u;
  const int32_t bias = (int32_t)channel[1] >> 5;
#if VG_MVE
  uint8_t places[16] = {0};
  for (uint32_t k = 0, t = 0; k < g->kernel_h; ++k)
    for (uint32_t x = 0; x < g->kernel_w; ++x) places[t++] = (uint8_t)(k * VG_PITCH + x);
  const uint8x16_t offsets = vldrbq_u8(places);
  const int8x16_t weights = vldrbq_s8(w);
  const uint32x4_t pixels = vmulq_n_u32(vidupq_n_u32(0, 1), n);
  const int32x4_t multiplier = vdupq_n_s32((int32_t)(channel[0] >> 1)), minus = vdupq_n_s32(-(int32_t)shift);
  const int32_t zero = g->out_zero;
#else
  const int32_t offset = vg_offset(g->out_zero, shift);
#endif
  for (; first < last; ++first, plane += VG_PITCH * g->stride_h) {
    int8_t *to = vg_output_row(g, out, first);
    const int8_t *x = plane;
#if VG_MVE
    const uint32_t step = g->stride_w;
    for (int32_t left = g->out_w; left > 0; left -= 4, to += 4 * n) {
      const int32_t a = vmladavq_s8(vldrbq_gather_offset_s8(x, offsets), weights);
      x += step;
      const int32_t b = vmladavq_s8(vldrbq_gather_offset_s8(x, offsets), weights);
      x += step;
      const int32_t c = vmladavq_s8(vldrbq_gather_offset_s8(x, offsets), weights);
      x += step;
      const int32_t d = vmladavq_s8(vldrbq_gather_offset_s8(x, offsets), weights);
      x += step;
      const int32x4_t y = vg_requantize4(vaddq_n_s32(vg_lanes(a, b, c, d), bias), multiplier, minus, zero);
      if (left >= 4) {
        vstrbq_scatter_offset_s32(to, pixels, y);
      } else {
        vstrbq_scatter_offset_p_s32(to, pixels, y, vctp32q((uint32_t)left));
      }
    }
#else
    for (uint32_t i = 0; i < g->out_w; ++i, x += g->stride_w, to += n) {
      int32_t acc = bias;
      for (uint32_t k = 0, t = 0; k < g->kernel_h; ++k)
        for (uint32_t j = 0; j < g->kernel_w; ++j) acc += x[k * VG_PITCH + j] * w[t++];
      *to = vg_requantize(acc, channel[0], shift, offset);
    }
#endif
  }
}

/* Output rows [first, last); scratch: the rows of one band. */
static void vg_depthwise_rows(const vg_depthwise *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  int8_t *const rows = (int8_t *)scratch;
  while (first < last) {
    const uint32_t made = last - first > conv->band ? conv->band : last - first, count = (made - 1) * g->stride_h + g->kernel_h;
    memset(rows, g->in_zero, count * VG_PITCH);
    for (uint32_t c = 0; c < g->in_c; ++c) {
      vg_gather_plane(g, in + c, (int32_t)(first * g->stride_h) - g->pad_top, count, rows);
      vg_plane(g, rows, conv->weights + c * 16, conv->channels + c * 2, out + c, first, first + made);
    }
    first += made;
  }
}
