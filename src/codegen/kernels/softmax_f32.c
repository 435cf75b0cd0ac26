/* Softmax of rows of floats. */
typedef struct {
  int32_t rows, columns;
} vg_softmax_f32;

static void vg_softmax_f32_run(const vg_softmax_f32 *s, const void *in, void *out) {
  const float *x = (const float *)in;
  float *y = (float *)out;
  for (int32_t r = 0; r < s->rows; ++r, x += s->columns, y += s->columns) {
    float most = x[0], sum = 0;
    for (int32_t i = 1; i < s->columns; ++i) most = x[i] > most ? x[i] : most;
    for (int32_t i = 0; i < s->columns; ++i) y[i] = vg_exp(x[i] - most), sum += y[i];
    for (int32_t i = 0; i < s->columns; ++i) y[i] /= sum;
  }
}
