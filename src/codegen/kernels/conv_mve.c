/* Convolution: four channels at a time. weights: [out_c / 4][depth / 16][4][16]; numbers: [out_c / 4][3][4] biases, multipliers, negative shifts. `depth` is
 * a window's bytes rounded up to 16. */
typedef struct {
  vg_window window;
  uint16_t depth;
  const int8_t *weights;
  const int32_t *numbers;
} vg_conv;

static VG_NOINLINE void vg_conv_pixel(const vg_conv *conv, const int8_t *patch, int8_t *out) {
  const int8_t *w = conv->weights;
  const int32_t *numbers = conv->numbers;
  const uint32_t depth = conv->depth;
  const int32_t zero = conv->window.out_zero;
  for (int32_t left = conv->window.out_c; left > 0; left -= 4, out += 4, numbers += 12) {
    int32_t sums[4];
    w = vg_dot4(patch, w, depth, sums);
    vg_store4(sums, numbers, zero, (uint32_t)left, out);
  }
}

/* Output rows [first, last); scratch holds one window. */
static void vg_conv_rows(const vg_conv *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  int8_t *const patch = (int8_t *)scratch;
  const uint32_t run = (uint32_t)g->kernel_w * g->in_c;
  const int8_t *rows[VG_KERNEL_H];
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    int32_t left = -(int32_t)g->pad_left;
    vg_input_rows(g, in, y, rows);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c, left += g->stride_w) {
      const int inside = left >= 0 && left + g->kernel_w <= g->in_w && g->dilation_w == 1;
      int8_t *taps = patch;
      for (uint32_t k = 0; k < g->kernel_h; ++k, taps += run) {
        if (rows[k] && inside) {
          vg_copy(taps, rows[k] + (uint32_t)left * g->in_c, run);
        } else {
          vg_copy_taps(g, rows[k], left, taps);
        }
      }
      vg_conv_pixel(conv, patch, to);
    }
  }
}
