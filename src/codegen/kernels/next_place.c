/* The next index of a loop over `rank` axes; 0 at the end. */
static inline int vg_next_place(int32_t rank, const int32_t *count, const int32_t *step, int32_t *at, int32_t *offset) {
  for (int32_t d = rank - 1; d >= 0; --d) {
    *offset += step[d];
    if (++at[d] < count[d]) return 1;
    *offset -= step[d] * count[d];
    at[d] = 0;
  }
  return 0;
}
