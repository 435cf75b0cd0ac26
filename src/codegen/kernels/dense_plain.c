/* Dense layer with one multiplier. weights: [out_c][depth]. */
typedef struct {
  uint16_t depth, out_c;
  uint8_t shift;
  int8_t out_zero;
  uint32_t multiplier;
  const int8_t *weights;
  const int32_t *bias;
} vg_dense;

static void vg_dense_run(const vg_dense *dense, const int8_t *in, int8_t *out) {
  const int32_t offset = vg_offset(dense->out_zero, dense->shift);
  const int8_t *w = dense->weights;
  for (uint32_t o = 0; o < dense->out_c; ++o) {
    int32_t acc = dense->bias[o];
    for (uint32_t k = 0; k < dense->depth; ++k) acc += in[k] * *w++;
    out[o] = vg_requantize(acc, dense->multiplier, dense->shift, offset);
  }
}
