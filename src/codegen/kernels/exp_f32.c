/* e^x without the C library, within 2 units of the last place: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]. */
static inline float vg_exp(float x) {
  if (x > 88.7f) x = 88.7f;
  if (x < -87.3f) return 0.0f;
  const int32_t n = (int32_t)(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
  const float r = (x - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;
  const float p = 1.0f + r + r * r * (0.5f + r * (1.66666655e-1f + r * (4.16657962e-2f + r * (8.33345205e-3f + r * (1.39819999e-3f + r * 1.98756912e-4f)))));
  const uint32_t bits = (uint32_t)(n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}
