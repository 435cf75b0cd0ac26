/* Equal (0), not equal, less, less or equal, greater, greater or equal (5) of two tensors of one type that stretch to the output. */
typedef struct {
  int32_t rank;
  int32_t count[8], x_step[8], y_step[8];
  uint32_t comparison;
  int32_t type;
} vg_compare;

#define VG_COMPARISON(c, x, y) ((c) == 0 ? (x) == (y) : (c) == 1 ? (x) != (y) : (c) == 2 ? (x) < (y) : (c) == 3 ? (x) <= (y) : (c) == 4 ? (x) > (y) : (x) >= (y))

static void vg_compare_run(const vg_compare *f, const void *x, const void *y, void *out) {
  int32_t x_at[8] = {0}, y_at[8] = {0}, i = 0, j = 0;
  uint8_t *to = (uint8_t *)out;
  do {
    if (f->type == 6) {
      const float a = ((const float *)x)[i], b = ((const float *)y)[j];
      *to++ = VG_COMPARISON(f->comparison, a, b);
    } else {
      const int64_t a = vg_load_any(f->type, x, i), b = vg_load_any(f->type, y, j);
      *to++ = VG_COMPARISON(f->comparison, a, b);
    }
    vg_next_place(f->rank, f->count, f->x_step, x_at, &i);
  } while (vg_next_place(f->rank, f->count, f->y_step, y_at, &j));
}
