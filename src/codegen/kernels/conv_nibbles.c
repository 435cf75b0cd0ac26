/* Convolution with weights of 4 bits, unpacked as they are read: mode flash. weights: [out_c][depth / 2], the earlier of two values in the lower half; depth is
 * a window's bytes, rounded up to 2; channels: multiplier, bias * 32 + shift of each. */
typedef struct {
  vg_window window;
  uint16_t depth;
  const int8_t *weights;
  const uint32_t *channels;
} vg_conv_nibbles;

static VG_NOINLINE int32_t vg_dot_nibbles(const int8_t *x, const int8_t *w, uint32_t n, int32_t sum) {
  for (const int8_t *const end = x + n; x < end; x += 2) {
    const int32_t two = *w++;
    sum += x[0] * ((int32_t)((uint32_t)two << 28) >> 28) + x[1] * (two >> 4);
  }
  return sum;
}

static void vg_nibbles_pixel(const vg_conv_nibbles *conv, const int8_t *patch, int8_t *out) {
  const int8_t *w = conv->weights;
  const uint32_t *channel = conv->channels;
  for (uint32_t o = 0; o < conv->window.out_c; ++o, w += conv->depth / 2, channel += 2) {
    const uint32_t shift = channel[1] & 31u;
    const int32_t acc = vg_dot_nibbles(patch, w, conv->depth, (int32_t)channel[1] >> 5);
    out[o] = vg_requantize(acc, channel[0], shift, vg_offset(conv->window.out_zero, shift));
  }
}

/* Output rows [first, last); scratch holds one window. */
static void vg_conv_nibbles_rows(const vg_conv_nibbles *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  int8_t *const patch = (int8_t *)scratch;
  patch[conv->depth - 1] = 0;
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c) {
      for (uint32_t k = 0; k < g->kernel_h; ++k)
        vg_copy_taps(g, vg_input_row(g, in, y, k), (int32_t)(x * g->stride_w) - g->pad_left, patch + k * g->kernel_w * g->in_c);
      vg_nibbles_pixel(conv, patch, to);
    }
  }
}
