/* Floats to integers of 1 or 2 bytes: round(x / scale) + zero, halves away from 0, or with `even` to the even one. */
typedef struct {
  int32_t count, bytes, zero, low, high, even;
  float scale;
} vg_quantize;

static int32_t vg_quantized(const vg_quantize *q, float x) {
  float v = x / q->scale;
  if (!(v >= -1e6f)) v = -1e6f; /* not a number too */
  if (v > 1e6f) v = 1e6f;
  int32_t y = (int32_t)v;
  const float rest = v - (float)y;
  const int odd = y & 1;
  if (rest > 0.5f || (rest == 0.5f && (odd || !q->even))) ++y;
  if (rest < -0.5f || (rest == -0.5f && (odd || !q->even))) --y;
  y += q->zero;
  return y < q->low ? q->low : y > q->high ? q->high : y;
}

static void vg_quantize_run(const vg_quantize *q, const void *in, void *out) {
  for (int32_t i = 0; i < q->count; ++i) {
    const int32_t y = vg_quantized(q, ((const float *)in)[i]);
    if (q->bytes == 1) {
      ((uint8_t *)out)[i] = (uint8_t)y;
    } else {
      ((uint16_t *)out)[i] = (uint16_t)y;
    }
  }
}
