/* acc * multiplier * 2^(shift - 31) by the integer contract: a shift to the left, a doubling high multiply, a shift to the right that rounds halves away from 0. */
static inline int32_t vg_scale(int32_t acc, int32_t multiplier, int32_t shift) {
  const uint32_t right = shift < 0 ? (uint32_t)-shift : 0;
  const int32_t x = shift > 0 ? (int32_t)((uint32_t)acc << shift) : acc;
  const int32_t y = (int32_t)(((int64_t)x * multiplier + (1 << 30)) >> 31), mask = (int32_t)((1u << right) - 1u);
  return (y >> right) + ((y & mask) > (mask >> 1) + (y < 0));
}

static inline int32_t vg_between(int64_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : (int32_t)x; }
