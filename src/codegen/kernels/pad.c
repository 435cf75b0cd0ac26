/* A border of one value around what is moved. */
typedef struct {
  vg_move move;
  int32_t bytes, width;
  uint8_t value[8];
} vg_pad;

static void vg_pad_run(const vg_pad *pad, const void *in, void *out) {
  for (int32_t i = 0; i < pad->bytes; ++i) ((uint8_t *)out)[i] = pad->value[i % pad->width];
  vg_move_run(&pad->move, in, out);
}
