/* A layer of LSTM: int8 values, int16 cells, as TensorFlow Lite's reference kernels compute it. Gates in the order input, forget, cell, output. weights:
 * [4][cells][inputs], recurrent: [4][cells][cells], bias: [2][4][cells], zero points folded in. Without an input gate (`coupled`) it is what forgetting leaves. */
typedef struct {
  int32_t batch, time, inputs, cells;
  int32_t in_multiplier[4], in_shift[4], h_multiplier[4], h_shift[4];
  int32_t out_multiplier, out_shift, out_zero, cell_bits, cell_clip;
  uint32_t coupled, backward;
  const int8_t *weights, *recurrent;
  const int32_t *bias;
} vg_lstm;

/* Fixed point of 16 bits, Q0 having 15 of fraction; values are int32 between operations. */
static inline int32_t vg_q_multiply(int32_t a, int32_t b) { return a == -32768 && b == -32768 ? 32767 : (a * b + (1 << 14)) >> 15; }
static inline int32_t vg_q_halve(int32_t x, uint32_t shift) {
  const int32_t mask = (int32_t)((1u << shift) - 1u);
  return (x >> shift) + ((x & mask) > (mask >> 1) + (x < 0));
}
static inline int32_t vg_q_raise(int32_t x, uint32_t bits) {
  const int32_t limit = (int32_t)((1u << (15 - bits)) - 1u);
  return x > limit ? 32767 : x < -limit ? -32768 : x * (1 << bits);
}

/* exp(a) for a in [-1/4, 0): four terms of Taylor's series around -1/8. */
static int32_t vg_q_exp_near_zero(int32_t a) {
  const int32_t at_eighth = 28918, third = 10923, x = a + (1 << 12);
  const int32_t x2 = vg_q_multiply(x, x), x3 = vg_q_multiply(x2, x), x4 = vg_q_multiply(x2, x2);
  const int32_t higher = vg_q_halve(vg_q_multiply(vg_q_halve(x4, 2) + x3, third) + x2, 1);
  return vg_between((int64_t)at_eighth + vg_q_multiply(at_eighth, x + higher), -32768, 32767);
}

/* exp(a) for a <= 0 that has `bits` integer bits. */
static int32_t vg_q_exp(int32_t a, int32_t bits) {
  static const int16_t factors[7] = {25520, 19875, 12055, 4435, 600, 11, 0}; /* exp(-2^i), i from -2 on */
  const int32_t fraction = 15 - bits, quarter = fraction >= 2 ? 1 << (fraction - 2) : 0;
  if (a == 0) return 32767;
  if (bits > 5 && a < -(1 << (fraction + 5))) return 0;
  const int32_t near_zero = (a & (quarter - 1)) - quarter, rest = near_zero - a;
  int32_t result = vg_q_exp_near_zero(vg_q_raise(near_zero, (uint32_t)bits));
  for (int32_t i = -2; i < bits && i < 5; ++i)
    if (rest & 1 << (fraction + i)) result = vg_q_multiply(result, factors[i + 2]);
  return result;
}

/* 2 / (1 + x) with two integer bits: three steps of Newton and Raphson. */
static int32_t vg_q_reciprocal(int32_t x) {
  const int32_t sum = x + 32767, d = (sum + (sum >= 0 ? 1 : -1)) / 2;
  int32_t y = 23130 + vg_q_multiply(d, -15420);
  for (int32_t i = 0; i < 3; ++i) y += vg_q_raise(vg_q_multiply(y, (1 << 13) - vg_q_multiply(d, y)), 2);
  return y;
}

static int16_t vg_q_logistic(int32_t a, int32_t bits) {
  if (a == 0) return 1 << 14;
  const int32_t y = vg_q_raise(vg_q_reciprocal(vg_q_exp(a > 0 ? -a : a, bits)), 1);
  return (int16_t)(a > 0 ? y : 32767 - y);
}

static int16_t vg_q_tanh(int32_t a, int32_t bits) {
  if (a == 0) return 0;
  const int32_t y = vg_q_raise(vg_q_reciprocal(vg_q_exp(a < 0 ? a : -a, bits + 1)) - (1 << 13), 2);
  return (int16_t)(a < 0 ? -y : y);
}

static int32_t vg_lstm_dot(const int8_t *a, const int8_t *b, int32_t n, int32_t sum) {
  for (int32_t i = 0; i < n; ++i) sum = (int32_t)((uint32_t)sum + (uint32_t)(a[i] * b[i]));
  return sum;
}

static void vg_lstm_gate(const vg_lstm *l, int32_t gate, const int8_t *x, const int8_t *h, int16_t *to) {
  for (int32_t i = 0, row = gate * l->cells; i < l->cells; ++i, ++row) {
    const int32_t a = vg_scale(vg_lstm_dot(x, l->weights + row * l->inputs, l->inputs, l->bias[row]), l->in_multiplier[gate], l->in_shift[gate]);
    const int32_t b = vg_scale(vg_lstm_dot(h, l->recurrent + row * l->cells, l->cells, l->bias[4 * l->cells + row]), l->h_multiplier[gate], l->h_shift[gate]);
    const int32_t v = vg_between((int64_t)b + vg_between(a, -32768, 32767), -32768, 32767);
    to[i] = gate == 2 ? vg_q_tanh(v, 3) : vg_q_logistic(v, 3);
  }
}

static void vg_lstm_step(const vg_lstm *l, const int8_t *x, int8_t *h, int16_t *c, int16_t *gates) {
  for (int32_t g = l->coupled ? 1 : 0; g < 4; ++g) vg_lstm_gate(l, g, x, h, gates + g * l->cells);
  const int16_t *const forget = gates + l->cells, *const candidate = forget + l->cells, *const output = candidate + l->cells;
  for (int32_t i = 0; i < l->cells; ++i) {
    const int32_t input = l->coupled ? 32767 - forget[i] : gates[i];
    const int32_t kept = (int16_t)vg_q_halve(forget[i] * c[i], 15), added = (int16_t)vg_q_halve(input * candidate[i], (uint32_t)(30 - l->cell_bits));
    const int32_t sum = vg_between(kept + added, -32768, 32767);
    c[i] = (int16_t)(l->cell_clip > 0 ? vg_between(sum, -l->cell_clip, l->cell_clip) : sum);
    h[i] = (int8_t)vg_between((int64_t)vg_scale(output[i] * vg_q_tanh(c[i], 15 - l->cell_bits), l->out_multiplier, l->out_shift) + l->out_zero, -128, 127);
  }
}

static void vg_lstm_run(const vg_lstm *l, const void *in, const void *first_h, const void *first_c, void *out, void *last_h, void *last_c, void *scratch) {
  int8_t *h = (int8_t *)last_h;
  int16_t *c = (int16_t *)last_c;
  memmove(h, first_h, (uint32_t)(l->batch * l->cells));
  memmove(c, first_c, (uint32_t)(l->batch * l->cells) * sizeof *c);
  for (int32_t b = 0; b < l->batch; ++b, h += l->cells, c += l->cells)
    for (int32_t t = 0; t < l->time; ++t) {
      const int32_t at = b * l->time + (l->backward ? l->time - 1 - t : t);
      vg_lstm_step(l, (const int8_t *)in + at * l->inputs, h, c, (int16_t *)scratch);
      memcpy((int8_t *)out + at * l->cells, h, (uint32_t)l->cells);
    }
}
