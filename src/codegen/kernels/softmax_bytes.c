/* Softmax of uint8 values, which are int8 ones with the highest bit turned. */
typedef struct {
  int32_t rows, columns, entries, in_unsigned, out_unsigned;
  const int32_t *table;
} vg_softmax_bytes;

static void vg_softmax_bytes_run(const vg_softmax_bytes *s, const void *in, void *out) {
  const uint8_t *const from = (const uint8_t *)in;
  uint8_t *const to = (uint8_t *)out;
  for (int32_t i = 0; i < s->rows * s->columns; ++i) to[i] = (uint8_t)(from[i] ^ (s->in_unsigned ? 0x80 : 0));
  vg_softmax((const int8_t *)to, (int8_t *)to, (uint32_t)s->rows, (uint32_t)s->columns, s->table, (uint32_t)s->entries);
  for (int32_t i = 0; s->out_unsigned && i < s->rows * s->columns; ++i) to[i] ^= 0x80;
}
