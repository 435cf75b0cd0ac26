/* Values of tensors of int8 (type 0), uint8 (1), int16 (2), int32 (3), int64 (4) and bool (5); type 6 is float. */
static inline int64_t vg_load_any(int32_t type, const void *p, int32_t i) {
  switch (type) {
    case 0: return ((const int8_t *)p)[i];
    case 1:
    case 5: return ((const uint8_t *)p)[i];
    case 2: return ((const int16_t *)p)[i];
    case 3: return ((const int32_t *)p)[i];
    default: {
      int64_t x; /* lies at words */
      memcpy(&x, (const int8_t *)p + 8 * i, sizeof x);
      return x;
    }
  }
}

static inline void vg_store_any(int32_t type, void *p, int32_t i, int64_t x) {
  switch (type) {
    case 0: ((int8_t *)p)[i] = (int8_t)x; break;
    case 1: ((uint8_t *)p)[i] = (uint8_t)x; break;
    case 2: ((int16_t *)p)[i] = (int16_t)x; break;
    case 3: ((int32_t *)p)[i] = (int32_t)x; break;
    case 5: ((uint8_t *)p)[i] = x != 0; break;
    default: memcpy((int8_t *)p + 8 * i, &x, sizeof x); break;
  }
}
