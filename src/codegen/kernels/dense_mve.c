/* Dense layer, four channels at a time. weights and numbers as those of a convolution; depth in bytes, a multiple of 16. The input's bytes beyond its end meet
 * weights of 0. */
typedef struct {
  uint16_t depth, out_c;
  int8_t out_zero;
  const int8_t *weights;
  const int32_t *numbers;
} vg_dense;

#if VG_MVE
#define VG_STEP4                                                                                                           \
  "vldrb.8 %q[a], [%[x]], #16\n vldrb.8 q2, [%[w]], #16\n vldrb.8 q3, [%[w]], #16\n vmladava.s8 r0, %q[a], q2\n"           \
  "vldrb.8 q2, [%[w]], #16\n vmladava.s8 r2, %q[a], q3\n vldrb.8 q3, [%[w]], #16\n vmladava.s8 r4, %q[a], q2\n"            \
  "vmladava.s8 r6, %q[a], q3\n"

/* Sums of four channels, biases included, of 16 n bytes. Returns what follows the weights. */
static inline const int8_t *vg_dot_one(const int8_t *x, const int8_t *w, uint32_t n, const int32_t *bias, int32x4_t *sums) {
  int32x4_t a;
  __asm volatile("ldrd r0, r2, [%[bias]]\n ldrd r4, r6, [%[bias], #8]\n"
                 "lsrs %[n], %[n], #1\n adc lr, %[n], #0\n bcs 2f\n"
                 "1:\n" VG_STEP4 "2:\n" VG_STEP4 "le lr, 1b\n"
                 "vmov %q[a][2], %q[a][0], r0, r4\n vmov %q[a][3], %q[a][1], r2, r6\n"
                 : [a] "=&w"(a), [x] "+r"(x), [w] "+r"(w), [n] "+r"(n)
                 : [bias] "r"(bias)
                 : "r0", "r2", "r4", "r6", "lr", "q2", "q3", "cc", "memory");
  *sums = a;
  return w;
}
#endif

static void vg_dense_run(const vg_dense *dense, const int8_t *in, int8_t *out) {
  const int8_t *w = dense->weights;
  const int32_t *numbers = dense->numbers;
  for (int32_t left = dense->out_c; left > 0; left -= 4, out += 4, numbers += 12) {
#if VG_MVE
    int32x4_t sums;
    w = vg_dot_one(in, w, dense->depth / 16u, numbers, &sums);
    vg_store4(out, vg_to_bytes(vg_scale4(sums, vldrwq_s32(numbers + 4), vldrwq_s32(numbers + 8), 0), dense->out_zero), (uint32_t)left);
#else
    int32_t sums[4] = {0};
    vg_dot4(in, w, dense->depth, sums);
    w += 4 * dense->depth;
    vg_put4(sums, numbers, dense->out_zero, (uint32_t)left, out);
#endif
  }
}
