/* Bounds of a fused activation that are narrower than int8. */
static void vg_clamp(int8_t *x, uint32_t count, int8_t low, int8_t high) {
  for (uint32_t i = 0; i < count; ++i) x[i] = x[i] < low ? low : x[i] > high ? high : x[i];
}
