/* int8 (0), uint8 (1) or int16 (2) to floats: (x - zero) * scale. */
typedef struct {
  int32_t count, type, zero;
  float scale;
} vg_dequantize;

static void vg_dequantize_run(const vg_dequantize *q, const void *in, void *out) {
  for (int32_t i = 0; i < q->count; ++i) {
    const int32_t x = q->type == 0 ? ((const int8_t *)in)[i] : q->type == 1 ? ((const uint8_t *)in)[i] : ((const int16_t *)in)[i];
    ((float *)out)[i] = (float)(x - q->zero) * q->scale;
  }
}
