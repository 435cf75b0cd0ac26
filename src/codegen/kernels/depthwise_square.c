/* Depthwise convolution of at most 3 x 3, strides 1 or 2, a channel at a time. The plane in scratch holds the channel's part of four input rows, column after
 * column: four bytes each, two of which two new rows replace, so that a row of the input is read once and may be overwritten then. One load of four columns
 * holds a window; at stride 1 four of them, two rows of two columns, for as many weights further down. weights: 16 zeros, then each channel's window column by column
 * in 16 bytes. Steps and rows are in bytes. channels: multiplier, bias * 32 + shift of each. */
typedef struct {
  vg_window window;
  uint32_t in_step, out_step;
  uint16_t out_h, plane;
  uint32_t in_row, out_row;
  const int8_t *weights;
  const uint32_t *channels;
} vg_square;

/* A row of one channel: where it begins and what lies between its values; outside the input a value that is there at every step. */
typedef struct {
  const int8_t *from;
  uint32_t step;
} vg_line;

static inline vg_line vg_line_at(const vg_square *conv, const int8_t *in, int32_t y) {
  const vg_line inside = {in + (uint32_t)y * conv->in_row, conv->in_step}, outside = {&conv->window.in_zero, 0};
  return (uint32_t)y < conv->window.in_h ? inside : outside;
}

/* Two rows into two of four bytes of `width` columns. */
static inline void vg_push(int8_t *to, uint32_t width, vg_line a, vg_line b) {
#if VG_MVE
  const uint16x8_t lanes = vidupq_n_u16(0, 1), a_places = vmulq_n_u16(lanes, (uint16_t)a.step), b_places = vmulq_n_u16(lanes, (uint16_t)b.step);
  __asm volatile("dlstp.16 lr, %[n]\n"
                 "1: vldrb.u16 q0, [%[a], %q[pa]]\n vldrb.u16 q1, [%[b], %q[pb]]\n vsli.16 q0, q1, #8\n vstrh.16 q0, [%[to], %q[pt]]\n"
                 "add %[a], %[sa]\n add %[b], %[sb]\n add %[to], #32\n letp lr, 1b\n"
                 : [to] "+r"(to), [a] "+r"(a.from), [b] "+r"(b.from)
                 : [n] "r"(width), [sa] "r"(8 * a.step), [sb] "r"(8 * b.step), [pa] "w"(a_places), [pb] "w"(b_places), [pt] "w"(vshlq_n_u16(lanes, 2))
                 : "lr", "q0", "q1", "memory");
#else
  for (; width > 0; --width, to += 4, a.from += a.step, b.from += b.step) to[0] = *a.from, to[1] = *b.from;
#endif
}

#if VG_MVE
static inline int8x16_t vg_exchange(int8x16_t w) { return vreinterpretq_s8_s16(vrev32q_s16(vreinterpretq_s16_s8(w))); }

/* One or two output rows of a channel; with `odd` the older rows are the last two of each column. */
static inline void vg_square_rows(const vg_square *conv, const int8_t *x, const int8_t *w, const vg_fours *fours, int odd, int8_t *to) {
  const uint32_t step = conv->out_step;
  if (conv->window.stride_w == 1) {
    const uint32_t offsets[4] = {0, conv->out_row, step, conv->out_row + step};
    const uint32x4_t places = vldrwq_u32(offsets);
    int8x16_t w0 = vldrbq_s8(w), w1 = vldrbq_s8(w - 1), w2 = vldrbq_s8(w - 4), w3 = vldrbq_s8(w - 5);
    if (odd) w0 = vg_exchange(w0), w1 = vg_exchange(w1), w2 = vg_exchange(w2), w3 = vg_exchange(w3);
    VG_FOURS(VG_WIDE("8"), fours->zero == -128);
  } else {
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), step);
    int8x16_t w0 = vldrbq_s8(w - 1);
    if (odd) w0 = vg_exchange(w0);
    const int8x16_t w1 = w0, w2 = w0, w3 = w0;
    VG_FOURS(VG_NARROW, fours->zero == -128);
  }
}
#endif

/* All rows of one channel. */
static VG_NOINLINE void vg_square_channel(const vg_square *conv, const int8_t *in, int8_t *plane, const int8_t *w, const uint32_t *channel, int8_t *out) {
  const vg_window *const g = &conv->window;
  const uint32_t made = g->stride_h == 1 ? 2 : 1;
#if VG_MVE
  const uint32_t across = 4 / made, whole = g->out_w / across, last = (1u << g->out_w % across * 4 * made) - 1u;
  vg_fours fours = {channel, g->out_zero, across * conv->out_step, 0xffff, whole, last, 0};
#else
  const uint32_t shift = channel[1] & 31u;
  const int32_t bias = (int32_t)channel[1] >> 5;
#endif
  int32_t from = 1 - g->stride_h - g->pad_top;
  int odd = 0;
  int8_t *const columns = plane + 4u * g->pad_left;
  vg_push(columns, g->in_w, vg_line_at(conv, in, from), vg_line_at(conv, in, from + 1));
  for (uint32_t y = 0; y < conv->out_h; y += made, out += made * conv->out_row, odd ^= 1) {
    const uint32_t rows = conv->out_h - y < made ? 1 : made;
    from += 2;
    vg_push(columns + (odd ? 0 : 2), g->in_w, vg_line_at(conv, in, from), vg_line_at(conv, in, from + 1));
#if VG_MVE
    if (rows < made) fours.lanes = 0x0f0f, fours.rest &= 0x0f0f;
    vg_square_rows(conv, plane, w, &fours, odd, out);
#else
    for (uint32_t i = 0; i < rows * g->out_w; ++i) {
      const int8_t *const x = plane + i % g->out_w * g->stride_w * 4u;
      const uint32_t row = (g->stride_w == 1 ? i / g->out_w : 1) + (odd ? 2 : 0);
      int32_t acc = bias;
      for (uint32_t k = 0; k < 12; ++k) acc += x[k / 4 * 4 + (k + row) % 4] * w[k];
      out[i / g->out_w * conv->out_row + i % g->out_w * conv->out_step] = vg_requantize(acc, channel[0], shift, vg_offset(g->out_zero, shift));
    }
#endif
  }
}

/* All output rows. */
static void vg_square_run(const vg_square *conv, const int8_t *in, int8_t *out, void *scratch) {
  int8_t *const plane = (int8_t *)scratch;
  vg_fill(plane, conv->window.in_zero, conv->plane);
  for (uint32_t c = 0; c < conv->window.in_c; ++c) vg_square_channel(conv, in + c, plane, conv->weights + 16 * (c + 1), conv->channels + 2 * c, out + c);
}
