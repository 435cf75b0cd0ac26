#if !defined(VG_MVE)
#define VG_MVE 0
#endif

/* Sums of `channels` channels of pixels `step` bytes apart, with what sums hold already unless these are the first. */
static inline void vg_sum_pixels(const int8_t *in, int32_t *sums, uint32_t pixels, uint32_t step, uint32_t channels, int first) {
#if VG_MVE
  for (uint32_t c = 0; c < channels; c += 4) {
    const mve_pred16_t lanes = vctp32q(channels - c);
    const int8_t *x = in + c;
    int32x4_t sum = first ? vdupq_n_s32(0) : vldrwq_z_s32(sums + c, lanes);
    for (uint32_t p = pixels; p > 0; --p, x += step) sum = vaddq_s32(sum, vldrbq_z_s32(x, lanes));
    vstrwq_p_s32(sums + c, sum, lanes);
  }
#else
  for (uint32_t c = 0; c < channels; ++c) {
    const int8_t *x = in + c;
    int32_t sum = first ? 0 : sums[c];
    for (uint32_t p = 0; p < pixels; ++p, x += step) sum += *x;
    sums[c] = sum;
  }
#endif
}

/* Averages of `pixels` values, halves away from zero. */
static inline void vg_divide_sums(const int32_t *sums, int8_t *out, uint32_t pixels, uint32_t channels) {
  const int32_t half = (int32_t)pixels / 2;
  for (uint32_t c = 0; c < channels; ++c) out[c] = vg_saturate((sums[c] > 0 ? sums[c] + half : sums[c] - half) / (int32_t)pixels);
}

/* Average of all pixels of each channel; also the mean over rows of [pixels][channels]. Four channels are read before they are written. */
static inline void vg_average(const int8_t *in, int8_t *out, uint32_t pixels, uint32_t channels) {
  int32_t sums[4];
  for (uint32_t c = 0; c < channels; c += 4) {
    const uint32_t count = channels - c < 4 ? channels - c : 4;
    vg_sum_pixels(in + c, sums, pixels, channels, count, 1);
    vg_divide_sums(sums, out + c, pixels, count);
  }
}
