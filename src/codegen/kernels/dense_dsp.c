/* Dense layer with one multiplier. weights: [out_c / 4][depth / 4][4] words of pairs.c: channels 0 and 1, then 2 and 3, of four values; depth in bytes, a
 * multiple of 4; bias has out_c rounded up to 4. */
typedef struct {
  uint16_t depth, out_c;
  uint8_t shift;
  int8_t out_zero;
  uint32_t multiplier;
  const uint32_t *weights;
  const int32_t *bias;
} vg_dense;

static void vg_dense_run(const vg_dense *dense, const int8_t *in, int8_t *out) {
  const int32_t offset = vg_offset(dense->out_zero, dense->shift);
  const uint32_t *w = dense->weights;
  const int32_t *bias = dense->bias;
  for (uint32_t o = 0; o < dense->out_c; o += 4, bias += 4) {
    int32_t a = bias[0], b = bias[2];
    int32_t ab = (int32_t)((uint32_t)a + ((uint32_t)bias[1] << 8)), cd = (int32_t)((uint32_t)b + ((uint32_t)bias[3] << 8));
    const int8_t *x = in;
    for (const int8_t *const end = in + dense->depth; x < end; x += 4) {
      const uint32_t four = vg_load(x), even = vg_even(four), odd = vg_odd(four);
      uint32_t w0, w1;
      vg_take_two(&w, &w0, &w1);
      a = vg_dual(even, vg_even(w0), a), ab = vg_dual(even, w0, ab);
      a = vg_dual(odd, vg_even(w1), a), ab = vg_dual(odd, w1, ab);
      vg_take_two(&w, &w0, &w1);
      b = vg_dual(even, vg_even(w0), b), cd = vg_dual(even, w0, cd);
      b = vg_dual(odd, vg_even(w1), b), cd = vg_dual(odd, w1, cd);
    }
    int32_t sums[4] = {a, vg_second(a, ab), b, vg_second(b, cd)};
    VG_REQUANTIZE4(sums[0], sums[1], sums[2], sums[3], dense->multiplier, dense->shift, offset);
    for (uint32_t i = 0; i < 4 && o + i < dense->out_c; ++i) out[o + i] = (int8_t)sums[i];
  }
}
