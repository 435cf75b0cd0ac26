/* Sum (0), difference, product, PReLU, largest, least (5) of two tensors of int8 (type 0), uint8 (1) or int16 (2) that stretch to the output. */
typedef struct {
  int32_t rank;
  int32_t count[8], x_step[8], y_step[8];
  uint32_t function;
  int32_t type, x_zero, y_zero, z_zero;
  int32_t x_multiplier, x_shift, y_multiplier, y_shift, z_multiplier, z_shift, low, high;
} vg_binary;

static inline int32_t vg_value_of(int32_t type, const void *p, int32_t i) {
  return type == 0 ? ((const int8_t *)p)[i] : type == 1 ? ((const uint8_t *)p)[i] : ((const int16_t *)p)[i];
}

static int64_t vg_binary_integer(const vg_binary *f, int32_t x, int32_t y) {
  const int32_t a = x - f->x_zero, b = y - f->y_zero, unit = f->type == 2 ? 1 << 15 : 1 << 20;
  switch (f->function) {
    case 0:
    case 1: {
      const int32_t u = vg_scale((int32_t)((uint32_t)a * (uint32_t)unit), f->x_multiplier, f->x_shift), v = vg_scale((int32_t)((uint32_t)b * (uint32_t)unit), f->y_multiplier, f->y_shift);
      return (int64_t)vg_scale((int32_t)(f->function == 0 ? (uint32_t)u + (uint32_t)v : (uint32_t)u - (uint32_t)v), f->z_multiplier, f->z_shift) + f->z_zero;
    }
    case 2: return (int64_t)vg_scale((int32_t)((uint32_t)a * (uint32_t)b), f->z_multiplier, f->z_shift) + f->z_zero;
    case 3: return (int64_t)(a < 0 ? vg_scale((int32_t)((uint32_t)a * (uint32_t)b), f->y_multiplier, f->y_shift) : vg_scale(a, f->x_multiplier, f->x_shift)) + f->z_zero;
    case 4: return x > y ? x : y;
    default: return x < y ? x : y;
  }
}

static void vg_binary_run(const vg_binary *f, const void *x, const void *y, void *out) {
  int32_t x_at[8] = {0}, y_at[8] = {0}, x_offset = 0, y_offset = 0, i = 0;
  do {
    const int32_t z = vg_between(vg_binary_integer(f, vg_value_of(f->type, x, x_offset), vg_value_of(f->type, y, y_offset)), f->low, f->high);
    if (f->type == 2) {
      ((int16_t *)out)[i++] = (int16_t)z;
    } else {
      ((uint8_t *)out)[i++] = (uint8_t)z;
    }
    vg_next_place(f->rank, f->count, f->x_step, x_at, &x_offset);
  } while (vg_next_place(f->rank, f->count, f->y_step, y_at, &y_offset));
}
