/* Sum of two tensors of different scales; an operand's sign is -1 to subtract. Multipliers as those of vg_requantize, shifts of at least 0. */
typedef struct {
  uint32_t x_multiplier, y_multiplier, z_multiplier;
  int32_t x_bias, y_bias; /* -(zero point << 20) */
  int8_t z_zero;
  uint8_t x_shift, y_shift, z_shift;
} vg_add;

static inline int32_t vg_rescale(int32_t x, uint32_t m, uint32_t shift, int32_t half) {
  return (vg_high_multiply_add(x, m, x + half) + (half ? x >> 31 : 0)) >> shift;
}

#if defined(VG_MVE) && VG_MVE
/* round(x * multiplier / 2^-shift) */
static inline int32x4_t vg_rescale4(int32x4_t x, int32_t multiplier, int32x4_t shift) {
  const int32x4_t y = vqrdmulhq_n_s32(x, multiplier);
  return vrshlq_s32(vqaddq_s32(y, vshrq_n_s32(vandq_s32(y, shift), 31)), shift);
}
#endif

static void vg_add_run(const vg_add *add, const int8_t *x, const int8_t *y, int8_t *z, uint32_t count) {
  const int8_t *const end = x + count;
#if defined(VG_MVE) && VG_MVE
  const int32x4_t x_shift = vdupq_n_s32(-add->x_shift), y_shift = vdupq_n_s32(-add->y_shift), z_shift = vdupq_n_s32(-add->z_shift);
  const int32x4_t low = vdupq_n_s32(-128), high = vdupq_n_s32(127);
  const int32_t x_factor = (int32_t)(add->x_multiplier >> 1), y_factor = (int32_t)(add->y_multiplier >> 1), z_factor = (int32_t)(add->z_multiplier >> 1);
  const int32_t x_bias = add->x_bias, y_bias = add->y_bias, zero = add->z_zero;
  for (; x + 4 <= end; x += 4, y += 4, z += 4) {
    const int32x4_t a = vg_rescale4(vaddq_n_s32(vshlq_n_s32(vldrbq_s32(x), 20), x_bias), x_factor, x_shift);
    const int32x4_t b = vg_rescale4(vaddq_n_s32(vshlq_n_s32(vldrbq_s32(y), 20), y_bias), y_factor, y_shift);
    const int32x4_t sum = vaddq_n_s32(vg_rescale4(vaddq_s32(a, b), z_factor, z_shift), zero);
    vstrbq_s32(z, vminq_s32(vmaxq_s32(sum, low), high));
  }
#endif
  const int32_t x_half = (int32_t)((1u << add->x_shift) >> 1), y_half = (int32_t)((1u << add->y_shift) >> 1), offset = vg_offset(add->z_zero, add->z_shift);
  for (; x < end; ++x, ++y, ++z) {
    const int32_t a = vg_rescale((int32_t)((uint32_t)*x << 20) + add->x_bias, add->x_multiplier, add->x_shift, x_half);
    const int32_t b = vg_rescale((int32_t)((uint32_t)*y << 20) + add->y_bias, add->y_multiplier, add->y_shift, y_half);
    *z = vg_requantize(a + b, add->z_multiplier, add->z_shift, offset);
  }
}
