/* A function of 8-bit values by its table of 256. */
typedef struct {
  int32_t count;
  const uint8_t *table;
} vg_lookup;

static void vg_lookup_run(const vg_lookup *l, const void *in, void *out) {
  for (int32_t i = 0; i < l->count; ++i) ((uint8_t *)out)[i] = l->table[((const uint8_t *)in)[i]];
}
