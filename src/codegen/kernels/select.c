/* Values of `bytes` of the first tensor where bits are set, of the second elsewhere; all three stretch to the output. */
typedef struct {
  int32_t rank;
  int32_t count[8], bit_step[8], x_step[8], y_step[8];
  int32_t bytes;
} vg_select;

static void vg_select_run(const vg_select *f, const void *bits, const void *x, const void *y, void *out) {
  int32_t bit_at[8] = {0}, x_at[8] = {0}, y_at[8] = {0}, k = 0, i = 0, j = 0;
  int8_t *to = (int8_t *)out;
  do {
    const int8_t *const from = ((const uint8_t *)bits)[k] ? (const int8_t *)x + i * f->bytes : (const int8_t *)y + j * f->bytes;
    memcpy(to, from, (uint32_t)f->bytes);
    to += f->bytes;
    vg_next_place(f->rank, f->count, f->bit_step, bit_at, &k);
    vg_next_place(f->rank, f->count, f->x_step, x_at, &i);
  } while (vg_next_place(f->rank, f->count, f->y_step, y_at, &j));
}
