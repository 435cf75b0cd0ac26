/* Depthwise convolution, a pixel at a time and four channels at once, for rows that come one by one. weights: [kernel_h * kernel_w][out_c], the last words may
 * be read beyond their end; channels: multiplier, bias * 32 + shift of each. */
typedef struct {
  vg_window window;
  const int8_t *weights;
  const uint32_t *channels;
} vg_depthwise;

#ifndef VG_TAPS
#define VG_TAPS 1 /* of the largest such kernel of the model */
#endif

/* Where the taps of one output pixel lie; outside the input at `padding`. */
static void vg_find_taps(const vg_window *g, const int8_t *const *rows, int32_t left, const int8_t *padding, const int8_t **taps) {
  for (uint32_t k = 0; k < g->kernel_h; ++k)
    for (uint32_t i = 0; i < g->kernel_w; ++i) {
      const uint32_t x = (uint32_t)left + i * g->dilation_w;
      *taps++ = rows[k] && x < g->in_w ? rows[k] + x * g->in_c : padding;
    }
}

static VG_NOINLINE void vg_depthwise_pixel(const vg_depthwise *conv, const int8_t *const *taps, int8_t *out) {
  const uint32_t n = conv->window.in_c, count = (uint32_t)conv->window.kernel_h * conv->window.kernel_w;
  const uint32_t *channel = conv->channels;
  const int32_t zero = conv->window.out_zero;
  for (uint32_t c = 0; c < n; c += 4) {
    const int8_t *w = conv->weights + c;
    int32_t sums[4] = {0, 0, 0, 0};
    for (const int8_t *const *t = taps, *const *const end = taps + count; t < end; ++t, w += n) {
      const uint32_t x = vg_load(*t + c), y = vg_load(w), x02 = vg_even(x), x13 = vg_odd(x), w02 = vg_even(y), w13 = vg_odd(y);
      sums[0] = vg_bb(x02, w02, sums[0]), sums[1] = vg_bb(x13, w13, sums[1]);
      sums[2] = vg_tt(x02, w02, sums[2]), sums[3] = vg_tt(x13, w13, sums[3]);
    }
#define VG_PUT(i)                                                                                                                        \
  do {                                                                                                                                   \
    const uint32_t shift = channel[2 * (i) + 1] & 31u;                                                                                   \
    out[c + (i)] = vg_requantize(sums[i] + ((int32_t)channel[2 * (i) + 1] >> 5), channel[2 * (i)], shift, vg_offset(zero, shift));        \
  } while (0)
    VG_PUT(0);
    if (c + 1 < n) VG_PUT(1);
    if (c + 2 < n) VG_PUT(2);
    if (c + 3 < n) VG_PUT(3);
    channel += 8;
#undef VG_PUT
  }
}

/* Output rows [first, last); scratch holds a pixel of padding. */
static void vg_depthwise_rows(const vg_depthwise *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  const int8_t *rows[VG_KERNEL_H], *taps[VG_TAPS];
  memset(scratch, g->in_zero, g->in_c);
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    int32_t left = -(int32_t)g->pad_left;
    vg_input_rows(g, in, y, rows);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c, left += g->stride_w) {
      vg_find_taps(g, rows, left, (const int8_t *)scratch, taps);
      vg_depthwise_pixel(conv, taps, to);
    }
  }
}
