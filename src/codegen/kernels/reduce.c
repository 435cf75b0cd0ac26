/* Mean (0), sum (1), largest (2) and least (3) of 8-bit values over any axes. zeros: what the zero point adds to a sum. */
typedef struct {
  uint32_t function;
  int32_t is_unsigned, kept_rank, gone_rank;
  int32_t kept[8], kept_step[8], gone[8], gone_step[8];
  int32_t zeros, multiplier, shift, out_zero, low, high;
} vg_reduce;

static int32_t vg_reduced(const vg_reduce *r, const uint8_t *x) {
  int32_t at[8] = {0}, offset = 0, sum = 0, most = -256, least = 256;
  do {
    const int32_t v = r->is_unsigned ? x[offset] : (int8_t)x[offset];
    sum += v, most = v > most ? v : most, least = v < least ? v : least;
  } while (vg_next_place(r->gone_rank, r->gone, r->gone_step, at, &offset));
  if (r->function == 2) return most;
  if (r->function == 3) return least;
  return vg_between((int64_t)vg_scale(sum - r->zeros, r->multiplier, r->shift) + r->out_zero, r->low, r->high);
}

static void vg_reduce_run(const vg_reduce *r, const void *in, void *out) {
  int32_t at[8] = {0}, offset = 0;
  uint8_t *to = (uint8_t *)out;
  do *to++ = (uint8_t)vg_reduced(r, (const uint8_t *)in + offset);
  while (vg_next_place(r->kept_rank, r->kept, r->kept_step, at, &offset));
}
