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

static void vg_add_run(const vg_add *add, const int8_t *x, const int8_t *y, int8_t *z, uint32_t count) {
  const int32_t x_half = (int32_t)((1u << add->x_shift) >> 1), y_half = (int32_t)((1u << add->y_shift) >> 1), offset = vg_offset(add->z_zero, add->z_shift);
  for (const int8_t *const end = x + count; x < end; ++x, ++y, ++z) {
    const int32_t a = vg_rescale((int32_t)((uint32_t)*x << 20) + add->x_bias, add->x_multiplier, add->x_shift, x_half);
    const int32_t b = vg_rescale((int32_t)((uint32_t)*y << 20) + add->y_bias, add->y_multiplier, add->y_shift, y_half);
    *z = vg_requantize(a + b, add->z_multiplier, add->z_shift, offset);
  }
}
