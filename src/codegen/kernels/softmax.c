/* Softmax of rows of n values; table: exp of minus the difference to the largest in Q31; its last entry stands for all that follow. */
static inline int32_t vg_round_shift(int32_t x, uint32_t shift) {
  const int32_t mask = (int32_t)((1u << shift) - 1u);
  return (x >> shift) + ((x & mask) > (mask >> 1) + (x < 0) ? 1 : 0);
}

static int32_t vg_high(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }

/* 1 / (1 + x) in Q31 for x in [0, 1): three steps of Newton and Raphson from 48/17 - 32/17 d, d = (1 + x) / 2. */
static int32_t vg_reciprocal(int32_t x) {
  const int32_t d = (int32_t)(((int64_t)x + 0x7fffffff + 1) >> 1);
  int32_t r = 1515870810 + vg_high(d, -1010580540);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = (1 << 29) - vg_high(d, r);
    r += (int32_t)((uint32_t)vg_high(r, error) << 2);
  }
  return r > 0x3fffffff ? 0x7fffffff : r * 2;
}

/* Zero bits before the first one; x is not 0. The same work for every x. */
static uint32_t vg_headroom(uint32_t x) {
  uint32_t n = 0;
  for (uint32_t i = 1; i < 32; ++i) n += x >> i == 0;
  return n;
}

static void vg_softmax(const int8_t *in, int8_t *out, uint32_t rows, uint32_t n, const int32_t *table, uint32_t entries) {
  for (; rows > 0; --rows, in += n, out += n) {
    int32_t most = -128;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; ++i) most = in[i] > most ? in[i] : most;
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t d = (uint32_t)(most - in[i]);
      sum += (uint32_t)vg_round_shift(table[d < entries ? d : entries - 1], 12);
    }
    const uint32_t headroom = vg_headroom(sum);
    const int32_t scale = vg_reciprocal((int32_t)((sum << headroom) - 0x80000000u));
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t d = (uint32_t)(most - in[i]);
      const int32_t e = table[d < entries ? d : entries - 1];
      out[i] = vg_saturate(vg_round_shift(vg_high(scale, e), 35 - headroom) - 128);
    }
  }
}
