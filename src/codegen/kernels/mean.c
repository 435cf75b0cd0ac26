/* Average of all pixels of each channel, halves away from zero; also the mean over rows of [pixels][channels]. */
static inline void vg_average(const int8_t *in, int8_t *out, uint32_t pixels, uint32_t channels) {
  const int32_t half = (int32_t)pixels / 2;
  for (uint32_t c = 0; c < channels; ++c) {
    const int8_t *x = in + c;
    int32_t sum = 0;
    for (uint32_t p = 0; p < pixels; ++p, x += channels) sum += *x;
    out[c] = vg_saturate((sum > 0 ? sum + half : sum - half) / (int32_t)pixels);
  }
}

/* The same with sums that rows add to one by one. */
static inline void vg_sum_row(const int8_t *in, int32_t *sums, uint32_t pixels, uint32_t channels, int first) {
  for (uint32_t c = 0; c < channels; ++c) {
    const int8_t *x = in + c;
    int32_t sum = first ? 0 : sums[c];
    for (uint32_t p = 0; p < pixels; ++p, x += channels) sum += *x;
    sums[c] = sum;
  }
}

static inline void vg_divide_sums(const int32_t *sums, int8_t *out, uint32_t pixels, uint32_t channels) {
  const int32_t half = (int32_t)pixels / 2;
  for (uint32_t c = 0; c < channels; ++c) out[c] = vg_saturate((sums[c] > 0 ? sums[c] + half : sums[c] - half) / (int32_t)pixels);
}
