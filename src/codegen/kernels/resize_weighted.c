/* Pictures of another size: each value a weighted sum of y_taps * x_taps neighbours, from the rows and columns that tables name. Integers have weights in 1 / 1024; types
 * as any_type.c counts them. */
typedef struct {
  int32_t batch, in_h, in_w, out_h, out_w, channels, y_taps, x_taps, type;
  const int32_t *y_first, *x_first;
  const void *y_weights, *x_weights;
} vg_resize;

static float vg_resized_f32(const vg_resize *r, const float *from, int32_t y, int32_t x) {
  const float *const v = (const float *)r->y_weights + y * r->y_taps, *const w = (const float *)r->x_weights + x * r->x_taps;
  float sum = 0.0f;
  for (int32_t i = 0; i < r->y_taps; ++i) {
    float row = 0.0f;
    for (int32_t j = 0; j < r->x_taps; ++j) row += w[j] * from[(i * r->in_w + j) * r->channels];
    sum += v[i] * row;
  }
  return sum;
}

static int64_t vg_resized_integer(const vg_resize *r, const void *in, int32_t at, int32_t y, int32_t x) {
  const int32_t *const v = (const int32_t *)r->y_weights + y * r->y_taps, *const w = (const int32_t *)r->x_weights + x * r->x_taps;
  int64_t sum = 0;
  for (int32_t i = 0; i < r->y_taps; ++i)
    for (int32_t j = 0; j < r->x_taps; ++j) sum += vg_load_any(r->type, in, at + (i * r->in_w + j) * r->channels) * v[i] * w[j];
  sum = (sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20);
  const int64_t low = r->type == 0 ? -128 : 0, high = low + 255;
  return sum < low ? low : sum > high ? high : sum;
}

static void vg_resize_run(const vg_resize *r, const void *in, void *out) {
  int32_t made = 0;
  for (int32_t b = 0; b < r->batch; ++b)
    for (int32_t y = 0; y < r->out_h; ++y)
      for (int32_t x = 0; x < r->out_w; ++x)
        for (int32_t c = 0; c < r->channels; ++c, ++made) {
          const int32_t at = ((b * r->in_h + r->y_first[y]) * r->in_w + r->x_first[x]) * r->channels + c;
          if (r->type == 6) {
            ((float *)out)[made] = vg_resized_f32(r, (const float *)in + at, y, x);
          } else {
            vg_store_any(r->type, out, made, vg_resized_integer(r, in, at, y, x));
          }
        }
}
