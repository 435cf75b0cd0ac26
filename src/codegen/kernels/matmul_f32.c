/* Products of matrices of floats, both of which are computed: of each batch those that places name by number. With `turned` those of the second are [n][k]. */
typedef struct {
  int32_t m, n, k, batches, turned;
  const int32_t *x_matrix, *y_matrix;
} vg_matmul_f32;

static void vg_matmul_f32_run(const vg_matmul_f32 *p, const void *x, const void *y, void *out) {
  float *to = (float *)out;
  const int32_t row = p->turned ? 1 : p->n, column = p->turned ? p->k : 1;
  for (int32_t b = 0; b < p->batches; ++b) {
    const float *a = (const float *)x + p->x_matrix[b] * p->m * p->k, *const w = (const float *)y + p->y_matrix[b] * p->k * p->n;
    for (int32_t i = 0; i < p->m; ++i, a += p->k)
      for (int32_t j = 0; j < p->n; ++j) {
        float sum = 0.0f;
        for (int32_t c = 0; c < p->k; ++c) sum = VG_FMA(a[c], w[c * row + j * column], sum);
        *to++ = sum;
      }
  }
}
