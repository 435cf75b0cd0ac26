/* Depthwise convolution, a channel at a time: its part of some input rows is widened to rows of VG_PITCH halves in scratch, which pairs of products read.
 * weights: [out_c][kernel_h * kernel_w]; channels: multiplier, bias * 32 + shift of each. `band` output rows are made at once. */
typedef struct {
  vg_window window;
  uint16_t band;
  const int8_t *weights;
  const uint32_t *channels;
} vg_depthwise;

/* One channel of one band. */
typedef struct {
  const int16_t *rows;
  uint32_t count;      /* output rows */
  uint32_t row_step;   /* halves between the first input rows of two output rows */
  int8_t *to;
  uint32_t pixel, row; /* bytes of an output pixel, row */
  uint32_t m, shift;
  int32_t bias, offset;
} vg_plane;

/* `count` input rows of one channel from row `top` on; what lies outside has been filled. */
static VG_NOINLINE void vg_gather_plane(const vg_window *g, const int8_t *in, int32_t top, uint32_t count, int16_t *to) {
  const uint32_t step = g->in_c;
  const uint32_t inside = g->in_w + (uint32_t)g->pad_left > VG_PITCH ? VG_PITCH - (uint32_t)g->pad_left : g->in_w;
  to += g->pad_left;
  if (top < 0) to -= top * VG_PITCH, count += (uint32_t)top, top = 0;
  if ((uint32_t)top + count > g->in_h) count = g->in_h - (uint32_t)top;
  for (uint32_t at = (uint32_t)top; count > 0; --count, ++at, to += VG_PITCH) {
    const int8_t *from = vg_row_at(g, in, at);
    int16_t *p = to, *const last = to + inside;
    for (; p + 4 <= last; p += 4, from += 4 * step) {
      const uint32_t a = vg_pack(from[0], from[step]), b = vg_pack(from[2 * step], from[3 * step]);
      memcpy(p, &a, 4), memcpy(p + 2, &b, 4);
    }
    for (; p < last; from += step) *p++ = *from;
  }
}

static void vg_next_row(vg_plane *plane) {
  plane->to += plane->row;
  plane->rows += plane->row_step;
}

/* 3 x 3, stride 1: two outputs a step, from two words of each of three rows. */
static VG_NOINLINE void vg_plane_3x3(vg_plane *plane, const int8_t *w) {
  const uint32_t w0 = vg_pack(w[0], w[1]), w1 = vg_pack(w[3], w[4]), w2 = vg_pack(w[6], w[7]), v0 = vg_pack(w[2], w[5]), v2 = (uint32_t)w[8];
  const int32_t bias = plane->bias, offset = plane->offset;
  const uint32_t m = plane->m, shift = plane->shift, n = plane->pixel;
  for (; plane->count > 0; --plane->count, vg_next_row(plane)) {
    const uint32_t *p = (const uint32_t *)(const void *)plane->rows;
    int8_t *to = plane->to, *const end = to + plane->row;
    for (; to < end; to += n, ++p) {
      int32_t a, b;
#if VG_DSP && VG_PITCH <= 254
      uint32_t x, y;
      __asm("ldrd %[x], %[y], [%[p]]\n smlad %[a], %[x], %[w0], %[bias]\n smlatb %[b], %[x], %[w0], %[bias]\n"
            "smlabb %[a], %[y], %[v0], %[a]\n smlabt %[b], %[y], %[w0], %[b]\n smlatb %[b], %[y], %[v0], %[b]\n"
            "ldrd %[x], %[y], [%[p], %[r1]]\n smlad %[a], %[x], %[w1], %[a]\n smlatb %[b], %[x], %[w1], %[b]\n"
            "smlabt %[a], %[y], %[v0], %[a]\n smlabt %[b], %[y], %[w1], %[b]\n smlatt %[b], %[y], %[v0], %[b]\n"
            "ldrd %[x], %[y], [%[p], %[r2]]\n smlad %[a], %[x], %[w2], %[a]\n smlatb %[b], %[x], %[w2], %[b]\n"
            "smlabb %[a], %[y], %[v2], %[a]\n smlabt %[b], %[y], %[w2], %[b]\n smlatb %[b], %[y], %[v2], %[b]\n"
            : [a] "=&r"(a), [b] "=&r"(b), [x] "=&r"(x), [y] "=&r"(y)
            : [p] "r"(p), [w0] "r"(w0), [w1] "r"(w1), [w2] "r"(w2), [v0] "r"(v0), [v2] "r"(v2), [bias] "r"(bias), [r1] "n"(2 * VG_PITCH), [r2] "n"(4 * VG_PITCH)
            : "memory");
#else
      a = vg_bb(p[1], v0, vg_dual(p[0], w0, bias)), b = vg_tb(p[1], v0, vg_bt(p[1], w0, vg_tb(p[0], w0, bias)));
      const uint32_t *q = p + VG_PITCH / 2;
      a = vg_bt(q[1], v0, vg_dual(q[0], w1, a)), b = vg_tt(q[1], v0, vg_bt(q[1], w1, vg_tb(q[0], w1, b)));
      q += VG_PITCH / 2;
      a = vg_bb(q[1], v2, vg_dual(q[0], w2, a)), b = vg_tb(q[1], v2, vg_bt(q[1], w2, vg_tb(q[0], w2, b)));
#endif
      *to = vg_requantize(a, m, shift, offset);
      to += n;
      if (to == end) break;
      *to = vg_requantize(b, m, shift, offset);
    }
  }
}

/* 3 x 3, stride 2. */
static VG_NOINLINE void vg_plane_3x3_s2(vg_plane *plane, const int8_t *w) {
  const uint32_t w0 = vg_pack(w[0], w[1]), w1 = vg_pack(w[3], w[4]), w2 = vg_pack(w[6], w[7]), v0 = vg_pack(w[2], w[5]), v2 = (uint32_t)w[8];
  const int32_t bias = plane->bias, offset = plane->offset;
  const uint32_t m = plane->m, shift = plane->shift, n = plane->pixel;
  for (; plane->count > 0; --plane->count, vg_next_row(plane)) {
    const uint32_t *p = (const uint32_t *)(const void *)plane->rows;
    for (int8_t *to = plane->to, *const end = to + plane->row; to < end; to += n, ++p) {
      int32_t a = vg_bb(p[1], v0, vg_dual(p[0], w0, bias));
      a = vg_bt(p[VG_PITCH / 2 + 1], v0, vg_dual(p[VG_PITCH / 2], w1, a));
      a = vg_bb(p[VG_PITCH + 1], v2, vg_dual(p[VG_PITCH], w2, a));
      *to = vg_requantize(a, m, shift, offset);
    }
  }
}

/* Any kernel without dilation: weights as pairs along the width, the last one with a zero where the width is odd. Four outputs a step at stride 1. */
static VG_NOINLINE void vg_plane_any(const vg_window *g, vg_plane *plane, const uint32_t *pairs) {
  const uint32_t words = (g->kernel_w + 1u) / 2, n = plane->pixel;
  for (; plane->count > 0; --plane->count, vg_next_row(plane)) {
    const int16_t *p = plane->rows;
    int8_t *to = plane->to, *const end = to + plane->row;
    for (; g->stride_w == 1 && to + 4 * n <= end; to += 4 * n, p += 4) {
      int32_t a = plane->bias, b = a, c = a, d = a;
      const uint32_t *pair = pairs;
      const int16_t *x = p;
      for (uint32_t k = 0; k < g->kernel_h; ++k, x += VG_PITCH - 2 * words)
        for (const uint32_t *const stop = pair + words; pair < stop; x += 2) {
          const uint32_t w = *pair++;
          a = vg_dual(vg_load(x), w, a), b = vg_dual(vg_load(x + 1), w, b), c = vg_dual(vg_load(x + 2), w, c), d = vg_dual(vg_load(x + 3), w, d);
        }
      to[0] = vg_requantize(a, plane->m, plane->shift, plane->offset);
      to[n] = vg_requantize(b, plane->m, plane->shift, plane->offset);
      to[2 * n] = vg_requantize(c, plane->m, plane->shift, plane->offset);
      to[3 * n] = vg_requantize(d, plane->m, plane->shift, plane->offset);
    }
    for (; to < end; to += n, p += g->stride_w) {
      int32_t a = plane->bias;
      const uint32_t *pair = pairs;
      const int16_t *x = p;
      for (uint32_t k = 0; k < g->kernel_h; ++k, x += VG_PITCH - 2 * words)
        for (const uint32_t *const stop = pair + words; pair < stop; ++pair, x += 2) a = vg_dual(vg_load(x), *pair, a);
      *to = vg_requantize(a, plane->m, plane->shift, plane->offset);
    }
  }
}

static void vg_pair_weights(const vg_window *g, const int8_t *w, uint32_t *pairs) {
  for (uint32_t k = 0; k < g->kernel_h; ++k) {
    const int8_t *const end = w + g->kernel_w;
    for (; w + 2 <= end; w += 2) *pairs++ = vg_pack(w[0], w[1]);
    if (w < end) *pairs++ = (uint16_t)*w++;
  }
}

/* Output rows [first, last); scratch: the rows of one band, then the pairs of weights. */
static void vg_depthwise_rows(const vg_depthwise *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  const uint32_t taps = (uint32_t)g->kernel_h * g->kernel_w, row = (uint32_t)g->out_w * g->out_c;
  int16_t *const rows = (int16_t *)scratch;
  uint32_t *const pairs = (uint32_t *)scratch + ((conv->band - 1u) * g->stride_h + g->kernel_h) * VG_PITCH / 2;
  while (first < last) {
    const uint32_t made = last - first > conv->band ? conv->band : last - first, count = (made - 1) * g->stride_h + g->kernel_h;
    const int8_t *w = conv->weights;
    const uint32_t *channel = conv->channels;
    int8_t *const to = vg_output_row(g, out, first);
    for (uint32_t i = 0; i < count * VG_PITCH; ++i) rows[i] = g->in_zero;
    for (uint32_t c = 0; c < g->in_c; ++c, w += taps, channel += 2) {
      const uint32_t shift = channel[1] & 31u;
      vg_plane plane = {rows, made, VG_PITCH * (uint32_t)g->stride_h, to + c, g->out_c, row, channel[0], shift, (int32_t)channel[1] >> 5,
                        vg_offset(g->out_zero, shift)};
      vg_gather_plane(g, in + c, (int32_t)(first * g->stride_h) - g->pad_top, count, rows);
      if (g->kernel_h == 3 && g->kernel_w == 3 && g->stride_w == 1) {
        vg_plane_3x3(&plane, w);
      } else if (g->kernel_h == 3 && g->kernel_w == 3 && g->stride_w == 2) {
        vg_plane_3x3_s2(&plane, w);
      } else {
        vg_pair_weights(g, w, pairs);
        vg_plane_any(g, &plane, pairs);
      }
    }
    first += made;
  }
}
