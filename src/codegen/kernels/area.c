/* A window of any kind over [batch][height][width][channels]. */
typedef struct {
  int32_t batch, in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, groups;
} vg_area;

/* The index of the input's pixel under tap (i, j) of output pixel (b, y, x); -1 in the padding. */
static inline int32_t vg_pixel_under(const vg_area *g, int32_t b, int32_t y, int32_t x, int32_t i, int32_t j) {
  const int32_t row = y * g->stride_h + i * g->dilation_h - g->pad_top, column = x * g->stride_w + j * g->dilation_w - g->pad_left;
  return row < 0 || row >= g->in_h || column < 0 || column >= g->in_w ? -1 : (b * g->in_h + row) * g->in_w + column;
}
