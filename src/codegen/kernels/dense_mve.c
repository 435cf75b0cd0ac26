/* Dense layer, four channels at a time. weights and numbers as those of a convolution; depth in bytes, a multiple of 16. The input's bytes beyond its end meet
 * weights of 0. */
typedef struct {
  uint16_t depth, out_c;
  int8_t out_zero;
  const int8_t *weights;
  const int32_t *numbers;
} vg_dense;

static void vg_dense_run(const vg_dense *dense, const int8_t *in, int8_t *out) {
  const int8_t *w = dense->weights;
  const int32_t *numbers = dense->numbers;
  for (int32_t left = dense->out_c; left > 0; left -= 4, out += 4, numbers += 12) {
    int32_t sums[4];
    w = vg_dot4(in, w, dense->depth, sums);
    vg_store4(sums, numbers, dense->out_zero, (uint32_t)left, out);
  }
}
