/* Depthwise convolution: each channel has its own window. weights: [out_c][kernel_h * kernel_w]; channels as those of vg_conv. */
typedef struct {
  vg_window window;
  uint16_t band;
  const int8_t *weights;
  const uint32_t *channels;
} vg_depthwise;

static void vg_depthwise_pixel(const vg_depthwise *conv, const int8_t *patch, int8_t *out) {
  const uint32_t taps = (uint32_t)conv->window.kernel_h * conv->window.kernel_w, n = conv->window.in_c;
  const int8_t *w = conv->weights;
  const uint32_t *channel = conv->channels;
  for (uint32_t c = 0; c < n; ++c, channel += 2) {
    const uint32_t shift = channel[1] & 31u;
    const int8_t *x = patch + c;
    int32_t acc = (int32_t)channel[1] >> 5;
    for (uint32_t t = 0; t < taps; ++t, x += n) acc += *x * *w++;
    out[c] = vg_requantize(acc, channel[0], shift, vg_offset(conv->window.out_zero, shift));
  }
}

/* Output rows [first, last); scratch holds one window of all channels. */
static void vg_depthwise_rows(const vg_depthwise *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  int8_t *const patch = (int8_t *)scratch;
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c) {
      for (uint32_t k = 0; k < g->kernel_h; ++k)
        vg_copy_taps(g, vg_input_row(g, in, y, k), (int32_t)(x * g->stride_w) - g->pad_left, patch + k * g->kernel_w * g->in_c);
      vg_depthwise_pixel(conv, patch, to);
    }
  }
}
