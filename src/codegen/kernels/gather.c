/* Slices of `bytes` along an axis of `size`, those that indices of int32 (type 3) or int64 (4) name; negative ones count from the end, others outside name the last. */
typedef struct {
  int32_t outer, size, count, bytes, type;
} vg_gather_axis;

static void vg_gather_axis_run(const vg_gather_axis *g, const void *in, const void *indices, void *out) {
  const int8_t *from = (const int8_t *)in;
  int8_t *to = (int8_t *)out;
  for (int32_t o = 0; o < g->outer; ++o, from += g->size * g->bytes)
    for (int32_t i = 0; i < g->count; ++i, to += g->bytes) {
      int64_t at = vg_load_any(g->type, indices, i);
      at = at < 0 ? at + g->size : at;
      at = at < 0 || at >= g->size ? g->size - 1 : at;
      memmove(to, from + (int32_t)at * g->bytes, (uint32_t)g->bytes);
    }
}
