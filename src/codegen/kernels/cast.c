/* Values in another type; floats toward zero, saturating, NaN to 0. `low` and `high` are the type's bounds. */
typedef struct {
  int32_t count, from, to;
  int64_t low, high;
} vg_cast;

static int64_t vg_truncated(const vg_cast *c, float x) {
  if (c->to == 5) return x != 0.0f;
  if (!(x == x)) return 0;
  if (x <= (float)c->low) return c->low;
  if (x >= (float)c->high) return c->high;
  return (int64_t)x;
}

static void vg_cast_run(const vg_cast *c, const void *in, void *out) {
  for (int32_t i = 0; i < c->count; ++i) {
    if (c->to == 6) {
      ((float *)out)[i] = c->from == 6 ? ((const float *)in)[i] : (float)vg_load_any(c->from, in, i);
    } else {
      vg_store_any(c->to, out, i, c->from == 6 ? vg_truncated(c, ((const float *)in)[i]) : vg_load_any(c->from, in, i));
    }
  }
}
