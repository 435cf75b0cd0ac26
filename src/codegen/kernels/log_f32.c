/* Natural logarithm and square root without the C library. The logarithm: of x = 2^n (1 + f), 1 + f within sqrt(1/2) and sqrt(2), n ln 2 + a polynomial of f
 * (coefficients of Cephes' logf); the root: Newton's steps from half the exponent. */
static inline float vg_log(float x) {
  if (!(x > 0)) return x < 0 || !(x == x) ? (x - x) / (x - x) : -1 / (x * x); /* not a number; zero: minus infinity */
  if (x > 3.4028235e38f) return x;
  const int32_t small = x < 1.17549435e-38f;
  uint32_t bits;
  x = small ? x * 8388608.0f : x;
  memcpy(&bits, &x, sizeof bits);
  int32_t n = (int32_t)(bits >> 23) - 127 - (small ? 23 : 0);
  bits = (bits & 0x7fffffu) | 0x3f800000u;
  float m;
  memcpy(&m, &bits, sizeof m);
  if (m > 1.41421356f) m *= 0.5f, ++n;
  const float f = m - 1, z = f * f;
  float y = 7.0376836292e-2f;
  y = y * f - 1.1514610310e-1f, y = y * f + 1.1676998740e-1f, y = y * f - 1.2420140846e-1f, y = y * f + 1.4249322787e-1f;
  y = y * f - 1.6668057665e-1f, y = y * f + 2.0000714765e-1f, y = y * f - 2.4999993993e-1f, y = y * f + 3.3333331174e-1f;
  return f + (y * f * z - (float)n * 2.12194440e-4f - 0.5f * z) + (float)n * 0.693359375f;
}

static inline float vg_sqrt(float x) {
  if (!(x > 0)) return x == 0 ? x : (x - x) / (x - x);
  if (x > 3.4028235e38f) return x;
  const float scale = x < 1.0e-30f ? 1.0e-10f : 1.0f; /* out of the range without leading zeros */
  uint32_t bits;
  float y, r = x / (scale * scale);
  memcpy(&bits, &r, sizeof bits);
  bits = (bits >> 1) + 0x1fc00000u;
  memcpy(&y, &bits, sizeof y);
  for (int32_t i = 0; i < 3; ++i) y = 0.5f * (y + r / y);
  return y * scale;
}
