/* Depthwise convolution, a channel at a time: its part of some input rows is copied to a plane in scratch, column after column, each of `height` bytes, so
 * that one load holds a window. weights: 16 zeros, then each channel's window in `vectors` times 16 bytes. `way`: 1: windows begin one byte apart and a load
 * holds four of them, which meet the weights as they are and from one, two and three bytes further down; 2: four bytes apart, two of them in a load; 3: eight bytes
 * apart; 0: elsewhere. channels: multiplier, bias * 32 + shift of each. */
#ifndef VG_WAYS
#define VG_WAYS 15 /* bits of the ways that the model takes */
#endif
typedef struct {
  vg_window window;
  uint8_t height, vectors, way;
  uint16_t plane; /* bytes */
  const int8_t *weights;
  const uint32_t *channels;
} vg_depthwise;

/* What all channels of an output row have in common. */
typedef struct {
  const int8_t *in;    /* the first row that is there */
  uint16_t offsets[8]; /* from there to the bytes that one step of copying takes: whole columns */
  uint32_t valid;      /* two bits for each of them */
  uint32_t step;       /* from one of these steps to the next */
  uint32_t bytes;      /* to be copied to `columns` */
  int8_t *plane, *columns;
} vg_row;

/* Where output row y finds its input; the plane is filled with what lies outside. */
static void vg_begin_row(const vg_depthwise *conv, const int8_t *in, uint32_t y, vg_row *row) {
  const vg_window *const g = &conv->window;
  const int8_t *rows[8] = {0}, *low = 0;
  for (uint32_t r = 0; r < conv->height; ++r) {
    rows[r] = r < g->kernel_h ? vg_input_row(g, in, y, r) : 0;
    if (rows[r] && (!low || rows[r] < low)) low = rows[r];
  }
  row->in = low ? low : in, row->valid = 0;
  row->step = 8u / conv->height * g->in_c, row->bytes = (uint32_t)g->in_w * conv->height, row->columns = row->plane + (uint32_t)g->pad_left * conv->height;
  for (uint32_t i = 0; i < 8; ++i) {
    const int8_t *const from = rows[i % conv->height];
    row->offsets[i] = from ? (uint16_t)((uint32_t)(from - low) + i / conv->height * g->in_c) : 0;
    if (from) row->valid |= 3u << 2 * i;
  }
  vg_fill(row->plane, g->in_zero, conv->plane);
}

/* One channel into the plane. */
static inline void vg_gather_plane(const vg_row *row, const int8_t *from) {
  int8_t *to = row->columns;
#if VG_MVE
  __asm volatile("vmsr p0, %[valid]\n vldrh.16 q1, [%[offsets]]\n dlstp.16 lr, %[n]\n"
                 "1: vpstt\n vldrbt.u16 q0, [%[from], q1]\n vstrbt.16 q0, [%[to]], #8\n add %[from], %[step]\n letp lr, 1b\n"
                 : [to] "+l"(to), [from] "+r"(from)
                 : [valid] "r"(row->valid), [n] "r"(row->bytes), [step] "r"(row->step), [offsets] "r"(row->offsets)
                 : "lr", "q0", "q1", "p0", "memory");
#else
  for (uint32_t i = 0; i < row->bytes; ++i)
    if (row->valid >> i % 8 * 2 & 1u) to[i] = from[i / 8 * row->step + row->offsets[i % 8]];
#endif
}

#if VG_MVE
static inline int32_t vg_long_window(const int8_t *x, const int8_t *w, uint32_t vectors) {
  int32_t sum = 0;
  for (; vectors > 0; --vectors, x += 16, w += 16) sum = vmladavaq_s8(sum, vldrbq_s8(x), vldrbq_s8(w));
  return sum;
}

/* Windows of several loads, one after the other. */
static VG_NOINLINE void vg_plane_long(const vg_depthwise *conv, const int8_t *x, const int8_t *w, const vg_fours *fours, int8_t *to) {
  const uint32_t shift = fours->channel[1] & 31u;
  const int32_t bias = (int32_t)fours->channel[1] >> 5, offset = vg_offset(fours->zero, shift);
  for (uint32_t i = 0; i < conv->window.out_w; ++i, x += fours->stride, to += conv->window.out_c)
    *to = vg_requantize(vg_long_window(x, w, conv->vectors) + bias, fours->channel[0], shift, offset);
}

/* All channels; `positive`: the output's zero point is -128. */
static inline __attribute__((always_inline)) void vg_row_channels(const vg_depthwise *conv, const vg_row *row, int8_t *out, vg_fours *fours, int way, int positive) {
  const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), conv->window.out_c);
  const int8_t *w = conv->weights + 16, *in = row->in;
  for (uint32_t left = conv->window.in_c; left > 0; --left, w += 16, ++in, fours->channel += 2) {
    const int8_t *x = row->plane;
    int8_t *to = out++;
    vg_gather_plane(row, in);
    const int8x16_t w0 = vldrbq_s8(w), w1 = way == 1 ? vldrbq_s8(w - 1) : way == 2 ? vldrbq_s8(w - 4) : w0, w2 = way == 1 ? vldrbq_s8(w - 2) : w0,
                    w3 = way == 1 ? vldrbq_s8(w - 3) : w0;
    if (way == 1) {
      VG_FOURS(VG_WIDE("4"), positive);
    } else if (way == 2) {
      VG_FOURS(VG_TWOS, positive);
    } else if (way == 3) {
      VG_FOURS(VG_NARROW, positive);
    } else {
      VG_FOURS(VG_STRIDED, positive);
    }
  }
}

static inline __attribute__((always_inline)) void vg_row_way(const vg_depthwise *conv, const vg_row *row, int8_t *out, vg_fours *fours, int way) {
  if (!(VG_WAYS >> way & 1) || conv->way != way) return;
  if (fours->zero == -128) {
    vg_row_channels(conv, row, out, fours, way, 1);
  } else {
    vg_row_channels(conv, row, out, fours, way, 0);
  }
}

static void vg_make_row(const vg_depthwise *conv, const vg_row *row, int8_t *out) {
  const vg_window *const g = &conv->window;
  const uint32_t rest = (1u << g->out_w % 4 * 4) - 1u;
  vg_fours fours = {conv->channels, g->out_zero, 4u * g->out_c, 0xffff, g->out_w / 4u, rest, (uint32_t)g->stride_w * conv->height};
  if (conv->vectors > 1) {
    for (uint32_t c = 0; c < g->in_c; ++c, fours.channel += 2) {
      vg_gather_plane(row, row->in + c);
      vg_plane_long(conv, row->plane, conv->weights + 16 + c * conv->vectors * 16u, &fours, out + c);
    }
    return;
  }
  vg_row_way(conv, row, out, &fours, 0), vg_row_way(conv, row, out, &fours, 1), vg_row_way(conv, row, out, &fours, 2), vg_row_way(conv, row, out, &fours, 3);
}
#else
static void vg_make_row(const vg_depthwise *conv, const vg_row *row, int8_t *out) {
  const vg_window *const g = &conv->window;
  const uint32_t *channel = conv->channels;
  for (uint32_t c = 0; c < g->in_c; ++c, channel += 2) {
    const uint32_t shift = channel[1] & 31u;
    const int8_t *const w = conv->weights + 16 + c * conv->vectors * 16u, *x = row->plane;
    vg_gather_plane(row, row->in + c);
    for (uint32_t i = 0; i < g->out_w; ++i, x += g->stride_w * conv->height) {
      int32_t acc = (int32_t)channel[1] >> 5;
      for (uint32_t k = 0; k < conv->vectors * 16u; ++k) acc += x[k] * w[k];
      out[i * g->out_c + c] = vg_requantize(acc, channel[0], shift, vg_offset(g->out_zero, shift));
    }
  }
}
#endif

/* Output rows [first, last); scratch holds the plane. */
static void vg_depthwise_rows(const vg_depthwise *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  vg_row row;
  row.plane = (int8_t *)scratch;
  for (; first < last; ++first) {
    vg_begin_row(conv, in, first, &row);
    vg_make_row(conv, &row, vg_output_row(&conv->window, out, first));
  }
}
