/* A window that slides over rows [height][width][channels]. Rows of a tensor that is never whole lie in the arena, row y at 4 * in_rows[y] or 4 * out_rows[y]. */
#ifndef VG_ROWS
#define VG_ROWS 0
#endif
typedef struct {
  uint16_t in_h, in_w, in_c, out_w, out_c;
  uint8_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
  int8_t in_zero, out_zero;
#if VG_ROWS
  const uint16_t *in_rows, *out_rows; /* 0: behind one another */
#endif
} vg_window;

#ifndef VG_KERNEL_H
#define VG_KERNEL_H 1 /* the tallest kernel of the model's convolutions */
#endif

/* Input row `row`. */
static inline const int8_t *vg_row_at(const vg_window *g, const int8_t *in, uint32_t row) {
#if VG_ROWS
  if (g->in_rows) return in + 4u * g->in_rows[row];
#endif
  return in + row * g->in_w * g->in_c;
}

/* The input row that kernel row k sees from output row y; null in the padding. */
static inline const int8_t *vg_input_row(const vg_window *g, const int8_t *in, uint32_t y, uint32_t k) {
  const uint32_t row = y * g->stride_h + k * g->dilation_h - g->pad_top;
  return row < g->in_h ? vg_row_at(g, in, row) : 0;
}

/* The input rows that output row y sees. */
static inline void vg_input_rows(const vg_window *g, const int8_t *in, uint32_t y, const int8_t **rows) {
  for (uint32_t k = 0; k < g->kernel_h; ++k) rows[k] = vg_input_row(g, in, y, k);
}

static inline int8_t *vg_output_row(const vg_window *g, int8_t *out, uint32_t y) {
#if VG_ROWS
  if (g->out_rows) return out + 4u * g->out_rows[y];
#endif
  return out + y * g->out_w * g->out_c;
}

/* kernel_w pixels of one input row from column `left` on; the zero point outside. */
static inline void vg_copy_taps(const vg_window *g, const int8_t *row, int32_t left, int8_t *taps) {
  const uint32_t n = g->in_c;
  if (row && left >= 0 && g->dilation_w == 1 && left + g->kernel_w <= g->in_w) {
    memcpy(taps, row + (uint32_t)left * n, g->kernel_w * n);
    return;
  }
  for (uint32_t k = 0; k < g->kernel_w; ++k, taps += n) {
    const uint32_t x = (uint32_t)left + k * g->dilation_w;
    if (row && x < g->in_w) {
      memcpy(taps, row + x * n, n);
    } else {
      memset(taps, g->in_zero, n);
    }
  }
}
