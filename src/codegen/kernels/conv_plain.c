/* Convolution: each output channel is the product of a window with its weights.
 * weights: [out_c][depth], depth = kernel_h * kernel_w * in_c, rounded up where `depth` says so; channels: multiplier, bias * 32 + shift of each. */
typedef struct {
  vg_window window;
  uint16_t depth;
  const int8_t *weights;
  const uint32_t *channels;
} vg_conv;

/* sums[0..1] += products of x with two rows of weights, n bytes each. */
static VG_NOINLINE void vg_dot_two(const int8_t *x, const int8_t *v, const int8_t *w, uint32_t n, int32_t *sums) {
  int32_t a = sums[0], b = sums[1];
  for (const int8_t *const end = x + (n & ~3u); x < end; x += 4, v += 4, w += 4) {
    a += x[0] * v[0], b += x[0] * w[0];
    a += x[1] * v[1], b += x[1] * w[1];
    a += x[2] * v[2], b += x[2] * w[2];
    a += x[3] * v[3], b += x[3] * w[3];
  }
  for (n &= 3u; n > 0; --n, ++x) a += *x * *v++, b += *x * *w++;
  sums[0] = a, sums[1] = b;
}

static void vg_conv_pixel(const vg_conv *conv, const int8_t *patch, int8_t *out) {
  const int8_t *w = conv->weights;
  const uint32_t *channel = conv->channels;
  const uint32_t depth = conv->depth;
  for (uint32_t left = conv->window.out_c; left > 0;) {
    const uint32_t made = left > 1 ? 2 : 1;
    int32_t sums[2] = {(int32_t)channel[1] >> 5, left > 1 ? (int32_t)channel[3] >> 5 : 0};
    vg_dot_two(patch, w, left > 1 ? w + depth : w, depth, sums);
    for (uint32_t i = 0; i < made; ++i, channel += 2) {
      const uint32_t shift = channel[1] & 31u;
      *out++ = vg_requantize(sums[i], channel[0], shift, vg_offset(conv->window.out_zero, shift));
    }
    left -= made, w += made * depth;
  }
}

/* Output rows [first, last); scratch holds one window. */
static void vg_conv_rows(const vg_conv *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  int8_t *const patch = (int8_t *)scratch;
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c) {
      for (uint32_t k = 0; k < g->kernel_h; ++k)
        vg_copy_taps(g, vg_input_row(g, in, y, k), (int32_t)(x * g->stride_w) - g->pad_left, patch + k * g->kernel_w * g->in_c);
      vg_conv_pixel(conv, patch, to);
    }
  }
}
