/* Average of all pixels of each channel, halves away from zero; also the mean over rows of [pixels][channels]. */
static void vg_average(const int8_t *in, int8_t *out, uint32_t pixels, uint32_t channels) {
  const int32_t half = (int32_t)pixels / 2;
  for (uint32_t c = 0; c < channels; ++c) {
    const int8_t *x = in + c;
    int32_t sum = 0;
    for (uint32_t p = 0; p < pixels; ++p, x += channels) sum += *x;
    out[c] = vg_saturate((sum > 0 ? sum + half : sum - half) / (int32_t)pixels);
  }
}
