/* Functions of floats without the C library, step by step as the runtime computes them (src/kernels/vec/math.h). */
static inline float vg_power_of_two(float n) { /* n: integral, between -126 and 127 */
  const uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/* To the nearest integer, halves to even; |x| < 2^22. */
static inline float vg_whole(float x) { return (x + 12582912.0f) - 12582912.0f; }

/* e^x = 2^n e^r with |r| <= ln 2 / 2; ln 2 in two parts. */
static inline float vg_exp(float x) {
  x = x > 89.0f ? 89.0f : x;
  x = x < -105.0f ? -105.0f : x;
  const float n = vg_whole(x * 1.44269504f), half = vg_whole(n * 0.5f);
  const float r = VG_FMA(n, 2.12194440e-4f, VG_FMA(n, -0.693359375f, x));
  const float p = VG_FMA(VG_FMA(VG_FMA(VG_FMA(0.0013950602f, r, 0.0083689535f), r, 0.0416662041f), r, 0.1666651831f), r, 0.5000000096f);
  return (1.0f + VG_FMA(r * r, p, r)) * vg_power_of_two(half) * vg_power_of_two(n - half);
}

static inline float vg_tanh(float x) {
  const float size = x < 0 ? -x : x, z = x * x;
  const float p = VG_FMA(VG_FMA(VG_FMA(VG_FMA(-0.0056669771f, z, 0.0206061766f), z, -0.0537300071f), z, 0.13331331f), z, -0.3333327806f);
  const float large = 1.0f - 2.0f / (vg_exp(size + size) + 1.0f);
  return size < 0.625f ? VG_FMA(x * z, p, x) : x < 0 ? -large : large;
}
