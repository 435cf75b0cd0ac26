/* Elements from one place to another: transposes, slices, what pads surround. Steps are in bytes. */
typedef struct {
  int32_t rank, bytes, in_first, out_first;
  int32_t count[8], in_step[8], out_step[8];
} vg_move;

static void vg_move_run(const vg_move *m, const void *in, void *out) {
  const int8_t *from = (const int8_t *)in + m->in_first;
  int8_t *to = (int8_t *)out + m->out_first;
  int32_t at[8] = {0};
  for (int32_t d = 0; d < m->rank; ++d)
    if (m->count[d] == 0) return;
  for (;;) {
    memcpy(to, from, (uint32_t)m->bytes);
    int32_t d = m->rank - 1;
    for (; d >= 0 && ++at[d] == m->count[d]; --d) {
      from -= (at[d] - 1) * m->in_step[d], to -= (at[d] - 1) * m->out_step[d];
      at[d] = 0;
    }
    if (d < 0) return;
    from += m->in_step[d], to += m->out_step[d];
  }
}
