/* The index, int64, of the greatest or least value along the middle one of three axes; of equal ones the first, or the last. */
typedef struct {
  int32_t outer, axis, inner, type;
  uint32_t least, last;
} vg_arg_reduce;

#define VG_BETTER(r, a, b) ((a) == (b) ? (r)->last != 0 : (r)->least ? (a) < (b) : (a) > (b))

static int64_t vg_best(const vg_arg_reduce *r, const void *in, int32_t at) {
  int32_t best = 0;
  for (int32_t k = 1; k < r->axis; ++k) {
    const int32_t i = at + k * r->inner, j = at + best * r->inner;
    int better;
    if (r->type == 6) {
      better = VG_BETTER(r, ((const float *)in)[i], ((const float *)in)[j]);
    } else {
      better = VG_BETTER(r, vg_load_any(r->type, in, i), vg_load_any(r->type, in, j));
    }
    if (better) best = k;
  }
  return best;
}

static void vg_arg_reduce_run(const vg_arg_reduce *r, const void *in, void *out) {
  for (int32_t o = 0; o < r->outer; ++o)
    for (int32_t i = 0; i < r->inner; ++i) vg_store_any(4, out, o * r->inner + i, vg_best(r, in, o * r->axis * r->inner + i));
}
