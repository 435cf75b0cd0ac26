/* Sum (0), difference, product, quotient, least, largest, squared difference (6) of two tensors of floats that stretch to the output. */
typedef struct {
  int32_t rank;
  int32_t count[8], x_step[8], y_step[8];
  uint32_t function;
  float low, high;
} vg_binary_f32;

static float vg_binary_value(uint32_t function, float x, float y) {
  switch (function) {
    case 0: return x + y;
    case 1: return x - y;
    case 2: return x * y;
    case 3: return x / y;
    case 4: return x < y ? x : y;
    case 5: return x > y ? x : y;
    default: return (x - y) * (x - y);
  }
}

static void vg_binary_f32_run(const vg_binary_f32 *f, const void *x, const void *y, void *out) {
  int32_t x_at[8] = {0}, y_at[8] = {0}, x_offset = 0, y_offset = 0;
  float *to = (float *)out;
  do {
    const float v = vg_binary_value(f->function, ((const float *)x)[x_offset], ((const float *)y)[y_offset]);
    *to++ = v < f->low ? f->low : v > f->high ? f->high : v;
    vg_next_place(f->rank, f->count, f->x_step, x_at, &x_offset);
  } while (vg_next_place(f->rank, f->count, f->y_step, y_at, &y_offset));
}
