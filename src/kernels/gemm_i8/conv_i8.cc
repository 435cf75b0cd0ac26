#include "kernels/gemm_i8/conv_i8.h"

#include <cstring>

#include "kernels/way_candidates.h"

namespace verge {
namespace {

constexpr size_t kPointers = 4096;         // on the stack of a block
constexpr size_t kPatchBytes = 32 * 1024;  // on the stack of a block
constexpr size_t kRowUnit = 48;            // a multiple of the rows of every kernel's tile, or a tile and a half
constexpr size_t kPanelUnit = 4;           // a multiple of the panels of every kernel's tile
constexpr size_t kTileColumns = kPanelUnit * kColumnBlock;
constexpr size_t kMostRows = 960;  // of a block: as many row sums lie on its stack
constexpr size_t kMostTaps = kPointers / kRowUnit;
constexpr size_t kInputBytes = 256 * 1024;      // of input that a block sweeps once for each few panels: it stays in the level 2 cache
constexpr size_t kBlockMacs = 4 * 1024 * 1024;  // below this a block is not worth a thread's while ...
constexpr size_t kGridBlockMacs = 4 * kBlockMacs;  // ... of kernels that read grids, which are faster,
constexpr size_t kBlockWeights = 512 * 1024;       // unless it has that many to read
constexpr size_t kMostBlocks = 16;              // enough for an even share; more costs repeated reading

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t at_least(size_t a, size_t b) { return a > b ? a : b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }
int32_t at_most32(int32_t a, int32_t b) { return a < b ? a : b; }
size_t round_up_words(size_t bytes) { return (bytes + 3) / 4 * 4; }
size_t down_to(size_t a, size_t unit) { return at_least(unit, a / unit * unit); }

size_t window_bytes(const ConvGeometry& g) { return g.taps() * static_cast<size_t>(g.in_c); }

// Windows of few channels are copied together, so that a pixel is one run of bytes.
bool copies_windows(const ConvGeometry& g) { return g.groups == 1 && g.in_c < 4 && g.taps() > 1 && round_up_words(window_bytes(g)) * kRowUnit <= kPatchBytes; }

// The fastest that computes tile by tile in registers.
const GemmI8Kernel& pick_vectors() {
  static constinit Pick pick;
  size_t first = 0;
  while (gemm_i8_kernels()[first].reads_grids()) ++first;
  return pick.from(gemm_i8_kernels().subspan(first));
}

struct Split {
  size_t rows, panels;               // of one block
  size_t row_blocks, column_blocks;  // of one group
  const GemmI8Kernel& kernel;

  Split(const ConvGeometry& g, int threads) : Split(g, threads, tuned_way(LayerFamily::kConvI8, g)) {}
  Split(const ConvGeometry& g, int threads, Way way) : kernel(way.algorithm == Algorithm::kVectors ? pick_vectors() : pick_gemm_i8()) {
    const GemmI8Layout layout = conv_i8_layout(g);
    const size_t pixels = g.out_pixels(), all_panels = layout.panels(), weights = layout.taps * layout.k * layout.n;
    if (pixels <= kRowUnit && weights < kBlockWeights && pixels * weights < kBlockMacs) {  // what small networks are made of: divisions would take longer
      rows = kRowUnit, row_blocks = column_blocks = 1;
      panels = (all_panels + kPanelUnit - 1) / kPanelUnit * kPanelUnit;
      return;
    }
    const bool grids = kernel.reads_grids();
    const size_t by_work = pixels * weights / (grids ? kGridBlockMacs : kBlockMacs);
    const size_t wanted = threads == 1 ? 1 : at_least(1, at_most(kMostBlocks, at_least(by_work, weights / kBlockWeights)));
    const size_t fit = down_to(at_most(kMostRows, kPointers / at_most(layout.taps, kMostTaps)), kRowUnit);
    size_t most = at_most(fit, kInputBytes / (static_cast<size_t>(at_most32(g.stride_h, g.kernel_h) * at_most32(g.stride_w, g.kernel_w)) * g.group_in()));
    most = down_to(most, kRowUnit);
    // What is larger is split first: rows of input, or columns of weights.
    const size_t even = divide_up(at_least(1, divide_up(pixels, wanted)), kRowUnit) * kRowUnit;
    rows = pixels < layout.n ? most : at_most(most, even);
    if (way.blocks != 0) rows = at_most(fit, down_to(scaled(at_most(rows, even * wanted), way.blocks), kRowUnit));
    row_blocks = divide_up(pixels, rows);
    column_blocks = row_blocks >= wanted ? 1 : at_least(1, at_most(divide_up(wanted, row_blocks), all_panels / kPanelUnit));
    const bool copies = g.taps() > 1 || g.stride_h > 1 || g.stride_w > 1;
    if (grids && copies) column_blocks = row_blocks > 1 ? 1 : at_most(column_blocks, 2);  // each copies its input
    panels = at_least(kPanelUnit, divide_up(divide_up(all_panels, column_blocks), kPanelUnit) * kPanelUnit);
    column_blocks = divide_up(all_panels, panels);
  }
  size_t blocks(const ConvGeometry& g) const { return row_blocks * column_blocks * static_cast<size_t>(g.groups); }
};

// The part of the output that one block computes, as a product of its own.
struct Block {
  const GemmI8Kernel& kernel;
  size_t group, row, rows, panel, panels;
  GemmI8 gemm;

  Block(const ConvI8& conv, const Split& s, size_t index) : kernel(s.kernel) {
    const size_t in_group = index % (s.row_blocks * s.column_blocks);
    group = index / (s.row_blocks * s.column_blocks);
    row = in_group / s.column_blocks * s.rows;
    rows = at_most(s.rows, conv.geometry.out_pixels() - row);
    gemm.layout = conv_i8_layout(conv.geometry, conv.nibbles);
    panel = in_group % s.column_blocks * s.panels;
    panels = at_most(s.panels, gemm.layout.panels() - panel);
    const size_t columns = group * round_up_columns(gemm.layout.n);
    gemm.weights = conv.weights + group * gemm.layout.bytes();
    gemm.bias = conv.bias + columns;
    gemm.column_sum = conv.column_sum.from(columns);
    gemm.weight_zero_point = conv.weight_zero_point ? conv.weight_zero_point + columns : nullptr;
    gemm.panel_stride = gemm.layout.panel_bytes();
    gemm.x_unsigned = conv.x_unsigned;
    gemm.weights_are_far = row == 0;
    gemm.requant = from_column(conv.requant, columns);
  }
};

const uint8_t* first_pixel(const ConvI8& conv, const Block& block) { return static_cast<const uint8_t*>(conv.input) + block.group * conv.geometry.group_in(); }

void* output_at(const ConvI8& conv, const Block& block, size_t row) {
  const size_t at = (block.row + row) * conv.output_step + block.group * block.gemm.layout.n;
  return static_cast<uint8_t*>(conv.output) + at * (conv.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1);
}

// Summed as unsigned bytes, the int8 view + 128.
int32_t sum_of_bytes(const GemmI8& g, const void* const* taps) {
  const uint8_t flip = g.x_unsigned ? 0 : 0x80;
  uint32_t sum = 0;
  for (size_t t = 0; t < g.layout.taps; ++t) {
    const uint8_t* x = static_cast<const uint8_t*>(taps[t]);
    for (size_t k = 0; k < g.layout.k; ++k) sum += static_cast<uint8_t>(x[k] ^ flip);
  }
  return static_cast<int32_t>(sum - static_cast<uint32_t>(128 * g.layout.taps * g.layout.k));
}

// A few panels stay in the cache while the rows go by, tile by tile.
void run_tiles(const ConvI8& conv, const Block& block, const void* const* pointers) {
  const GemmI8Kernel& kernel = block.kernel;
  int32_t row_sums[kMostRows] = {};
  if (block.gemm.weight_zero_point)
    for (size_t r = 0; r < block.rows; ++r) row_sums[r] = sum_of_bytes(block.gemm, pointers + r * block.gemm.layout.taps);
  const size_t last = block.panel + block.panels;
  for (size_t panel = block.panel; panel < last; panel += kernel.panels)
    for (size_t r = 0, most = kernel.most_rows(last - panel); r < block.rows; r += most)
      kernel.fn(block.gemm, {at_most(most, block.rows - r), pointers + r * block.gemm.layout.taps, row_sums + r, panel,
                             at_most(panel + kernel.panels, last), output_at(conv, block, r), conv.output_step});
}

constexpr size_t kSlack = 32;  // a short run is copied as one or two registers: bytes behind it are written again later

// n bytes, a few at a time: windows are short. `room` bytes may be read; `to` has kSlack bytes behind the run.
void copy_run(uint8_t* to, const uint8_t* from, size_t n, size_t room) {
  const auto copy = [&]<size_t size>(size_t at) { std::memcpy(to + at, from + at, size); };
  if (n <= 16 && room >= 16) return copy.operator()<16>(0);
  if (n >= 16) {
    for (size_t at = 0; at + 16 < n; at += 16) copy.operator()<16>(at);
    return copy.operator()<16>(n - 16);
  }
  if (n >= 8) return copy.operator()<8>(0), copy.operator()<8>(n - 8);
  if (n >= 4) return copy.operator()<4>(0), copy.operator()<4>(n - 4);
  for (size_t at = 0; at < n; ++at) to[at] = from[at];
}

// One row of a window that begins at input pixel (b, iy, x); what lies outside the input is padding.
void copy_row(const ConvI8& conv, int32_t b, int32_t iy, int32_t x, uint8_t* to) {
  const ConvGeometry& g = conv.geometry;
  const size_t c = static_cast<size_t>(g.in_c), run = static_cast<size_t>(g.kernel_w) * c;
  const uint8_t zero = *static_cast<const uint8_t*>(conv.padding);
  if (iy < 0 || iy >= g.in_h) return static_cast<void>(std::memset(to, zero, run));
  const uint8_t* row = static_cast<const uint8_t*>(conv.input) + static_cast<size_t>(b * g.in_h + iy) * static_cast<size_t>(g.in_w) * conv.input_step;
  if (x >= 0 && x + g.kernel_w <= g.in_w && g.dilation_w == 1 && conv.input_step == c) {
    const uint8_t* from = row + static_cast<size_t>(x) * c;
    const uint8_t* end = static_cast<const uint8_t*>(conv.input) + g.in_pixels() * c;
    return copy_run(to, from, run, static_cast<size_t>(end - from));
  }
  for (int32_t kx = 0; kx < g.kernel_w; ++kx, to += c) {
    const int32_t ix = x + kx * g.dilation_w;
    if (ix >= 0 && ix < g.in_w) {
      std::memcpy(to, row + static_cast<size_t>(ix) * conv.input_step, c);
    } else {
      std::memset(to, zero, c);
    }
  }
}

// All rows of a window, and zeros behind.
void copy_window(const ConvI8& conv, int32_t b, int32_t iy, int32_t x, uint8_t* to) {
  const ConvGeometry& g = conv.geometry;
  const size_t run = static_cast<size_t>(g.kernel_w) * static_cast<size_t>(g.in_c);
  for (int32_t ky = 0; ky < g.kernel_h; ++ky, to += run) copy_row(conv, b, iy + ky * g.dilation_h, x, to);
  std::memset(to, conv.x_unsigned ? 0x80 : 0, 4);
}

// How many of `most` windows from (b, iy, x) on, side by side, lie within the input with 16 bytes to read at each row of theirs.
size_t inner_windows(const ConvI8& conv, int32_t b, int32_t iy, int32_t x, size_t most) {
  const ConvGeometry& g = conv.geometry;
  const size_t c = static_cast<size_t>(g.in_c), run = static_cast<size_t>(g.kernel_w) * c;
  if (run > kSlack || conv.input_step != c || g.dilation_w != 1 || g.dilation_h != 1 || iy < 0 || iy + g.kernel_h > g.in_h || x < 0) return 0;
  const size_t last_row = static_cast<size_t>(b * g.in_h + iy + g.kernel_h - 1) * static_cast<size_t>(g.in_w), end = g.in_pixels() * c;
  size_t n = 0;
  for (; n < most && x + g.kernel_w <= g.in_w && (last_row + static_cast<size_t>(x)) * c + kSlack <= end; ++n) x += g.stride_w;
  return n;
}

void copy_inner_windows(const ConvI8& conv, int32_t b, int32_t iy, int32_t x, size_t count, size_t step, uint8_t* to) {
  const ConvGeometry& g = conv.geometry;
  const size_t c = static_cast<size_t>(g.in_c), run = static_cast<size_t>(g.kernel_w) * c, row = static_cast<size_t>(g.in_w) * c;
  const uint8_t* from = static_cast<const uint8_t*>(conv.input) + (static_cast<size_t>(b * g.in_h + iy) * static_cast<size_t>(g.in_w) + static_cast<size_t>(x)) * c;
  const uint32_t zeros = conv.x_unsigned ? 0x80808080u : 0;
  for (size_t i = 0; i < count; ++i, from += static_cast<size_t>(g.stride_w) * c, to += step) {
    for (size_t ky = 0; ky < static_cast<size_t>(g.kernel_h); ++ky)
      run <= kSlack / 2 ? std::memcpy(to + ky * run, from + ky * row, kSlack / 2) : std::memcpy(to + ky * run, from + ky * row, kSlack);
    std::memcpy(to + static_cast<size_t>(g.kernel_h) * run, &zeros, sizeof(zeros));
  }
}

// Copies stand round_up_words(k) apart; the bytes between are zeros of the int8 view, so row sums may count them.
void run_some_windows(const ConvI8& conv, const Block& block) {
  const ConvGeometry& g = conv.geometry;
  const void* pointers[kMostRows];
  uint8_t patches[kPatchBytes + kSlack];
  const size_t step = round_up_words(block.gemm.layout.k);
  const auto first = static_cast<int32_t>(block.row);
  int32_t ox = first % g.out_w, oy = first / g.out_w % g.out_h, b = first / g.out_w / g.out_h;
  for (size_t i = 0; i < block.rows; ++i) pointers[i] = patches + i * step;
  for (size_t i = 0, made; i < block.rows; i += made) {
    uint8_t* to = patches + i * step;
    const int32_t iy = oy * g.stride_h - g.pad_top, x = ox * g.stride_w - g.pad_left;
    made = inner_windows(conv, b, iy, x, at_most(static_cast<size_t>(g.out_w - ox), block.rows - i));
    if (made > 0) copy_inner_windows(conv, b, iy, x, made, step, to);
    else copy_window(conv, b, iy, x, to), made = 1;
    ox += static_cast<int32_t>(made);
    if (ox < g.out_w) continue;
    ox = 0;
    if (++oy == g.out_h) oy = 0, ++b;
  }
  Block whole = block;
  whole.gemm.layout.k = step;
  run_tiles(conv, whole, pointers);
}

void run_windows(const ConvI8& conv, const Block& block) {
  const size_t most = down_to(kPatchBytes / round_up_words(block.gemm.layout.k), kRowUnit), end = block.row + block.rows;
  for (Block some = block; some.row < end; some.row += most) {
    some.rows = at_most(most, end - some.row);
    run_some_windows(conv, some);
  }
}

void run_taps(const ConvI8& conv, const Block& block) {
  const void* pointers[kPointers];
  tap_pointers(conv.geometry, first_pixel(conv, block), conv.input_step, conv.padding, {0, block.gemm.layout.taps}, block.row, block.rows, pointers);
  run_tiles(conv, block, pointers);
}

constexpr size_t kLineBytes = 128 * 1024, kLineSlack = 32 * 1024;  // on the stack of a block that copies lines of its input
constexpr size_t kCutWeights = 32 * 1024;                          // and of one that cuts its weights anew

constexpr size_t kFewestSegment = 12;                               // a shorter one costs as much

// Lines of the input, padding included, sorted by what is left over when their place is divided by the vertical stride: row ky of the windows of
// neighbouring output pixels lies `step` bytes apart, and so it goes on from one line of output to the next.
struct Lines {
  size_t stride, dilation, phases, reach;  // of lines; reach: the place of the last window row among the lines of its phase
  size_t channels, step;
  size_t segment, segments;  // bytes of a window that lie together, whole words of them; how many
  size_t width, lines;       // steps of a line; lines of output that one copy serves

  explicit Lines(const ConvGeometry& g)
      : stride(static_cast<size_t>(g.stride_h)), dilation(static_cast<size_t>(g.dilation_h)),
        phases(at_most(stride, (static_cast<size_t>(g.kernel_h) - 1) * dilation + 1)), reach((static_cast<size_t>(g.kernel_h) - 1) * dilation / stride),
        channels(g.group_in()), step(static_cast<size_t>(g.stride_w) * channels),
        segment(round_up_words(g.dilation_w == 1 ? static_cast<size_t>(g.kernel_w) * channels : channels)),
        segments(g.dilation_w == 1 ? static_cast<size_t>(g.kernel_h) : g.taps()), lines(0) {
    const size_t window = static_cast<size_t>((g.kernel_w - 1) * g.dilation_w) * channels + round_up_words(channels);
    width = static_cast<size_t>(g.out_w) - 1 + divide_up(at_least(window, segment), step);
    const size_t room = kLineBytes / (phases * width * step);
    if (room > reach) lines = at_most(static_cast<size_t>(g.out_h), room - reach);
  }
  size_t plane_bytes() const { return (lines + reach) * width * step; }
  bool suit() const { return lines > 0 && 16 * step + segment <= kLineSlack && segments <= kMostTaps && segment >= kFewestSegment && equal_run_words(segment / 4) > 0; }
  uint32_t offset(size_t ky, size_t kx) const {
    return static_cast<uint32_t>(ky * dilation % stride * plane_bytes() + ky * dilation / stride * width * step + kx * channels);
  }
};

// Windows of few channels are packed as one run, which here is cut into rows of whole words.
size_t cut_bytes(const Lines& p, size_t panels) { return panels * p.segments * p.segment * kColumnBlock; }
bool cuts_weights(const ConvGeometry& g) { return conv_i8_layout(g).taps == 1; }

bool copies_lines(const ConvI8& conv, const Block& block) {
  const ConvGeometry& g = conv.geometry;
  if (!block.kernel.reads_grids() || g.taps() == 1 || conv.nibbles || conv.weight_zero_point || g.out_pixels() < kRowUnit / 3 || g.pad_left < 0) return false;
  const Lines p(g);
  if (!p.suit()) return false;
  return cuts_weights(g) ? g.groups == 1 && g.dilation_w == 1 && cut_bytes(p, block.gemm.layout.panels()) <= kCutWeights : block.gemm.layout.k % 4 == 0;
}

// Window row by window row, zeros behind each: sixteen columns' words side by side are shifted by the bytes that rows before have left over.
void cut_weights(const ConvGeometry& g, const Lines& p, const GemmI8& from, int8_t* to) {
  const size_t row = static_cast<size_t>(g.kernel_w) * p.channels;
  for (size_t panel = 0; panel < from.layout.panels(); ++panel)
    for (size_t ky = 0; ky < p.segments; ++ky)
      for (size_t at = 0; at < p.segment; at += 4, to += 4 * kColumnBlock) {
        const size_t byte = ky * row + at, word = byte / 4, shift = byte % 4 * 8, left = row - at;
        const int8_t* w = from.weights + panel * from.panel_stride + word * 4 * kColumnBlock;
        const uint32_t mask = left >= 4 ? ~uint32_t{0} : (uint32_t{1} << 8 * left) - 1;
        uint32_t words[2 * kColumnBlock] = {}, out[kColumnBlock];
        std::memcpy(words, w, (word + 1 < from.layout.groups() ? 2 : 1) * sizeof(out));
        for (size_t i = 0; i < kColumnBlock; ++i) out[i] = static_cast<uint32_t>((uint64_t{words[kColumnBlock + i]} << 32 | words[i]) >> shift) & mask;
        std::memcpy(to, out, sizeof(out));
      }
}

// Line y of phase `phase`, for output from line oy on.
void fill_line(const ConvI8& conv, const Lines& p, const uint8_t* image, size_t oy, size_t y, size_t phase, uint8_t* to) {
  const ConvGeometry& g = conv.geometry;
  const uint8_t zero = *static_cast<const uint8_t*>(conv.padding);
  const size_t bytes = p.width * p.step, before = at_most(static_cast<size_t>(g.pad_left) * p.channels, bytes);
  const auto iy = static_cast<int64_t>((oy + y) * p.stride + phase) - g.pad_top;
  if (iy < 0 || iy >= g.in_h) return static_cast<void>(std::memset(to, zero, bytes));
  const uint8_t* row = image + static_cast<size_t>(iy) * static_cast<size_t>(g.in_w) * conv.input_step;
  const size_t inside = at_most(bytes - before, static_cast<size_t>(g.in_w) * p.channels);
  std::memset(to, zero, before);
  if (conv.input_step == p.channels) {
    std::memcpy(to + before, row, inside);
  } else {
    for (size_t at = 0; at < inside; at += p.channels, row += conv.input_step) std::memcpy(to + before + at, row, at_most(p.channels, inside - at));
  }
  std::memset(to + before + inside, zero, bytes - before - inside);
}

void fill_lines(const ConvI8& conv, const Lines& p, const uint8_t* image, size_t oy, size_t lines, uint8_t* to) {
  for (size_t phase = 0; phase < p.phases; ++phase)
    for (size_t y = 0; y < lines + p.reach; ++y) fill_line(conv, p, image, oy, y, phase, to + phase * p.plane_bytes() + y * p.width * p.step);
}

void run_lines(const ConvI8& conv, const Block& block) {
  const ConvGeometry& g = conv.geometry;
  const Lines p(g);
  const size_t out_w = static_cast<size_t>(g.out_w), out_h = static_cast<size_t>(g.out_h), image_bytes = static_cast<size_t>(g.in_h * g.in_w) * conv.input_step;
  alignas(64) uint8_t copies[kLineBytes + kLineSlack];
  alignas(64) int8_t weights[kCutWeights];
  GemmI8 gemm = block.gemm;
  if (cuts_weights(g)) {
    cut_weights(g, p, gemm, weights);
    gemm.layout.taps = p.segments, gemm.layout.k = p.segment, gemm.weights = weights, gemm.panel_stride = cut_bytes(p, 1);
  }
  uint32_t offset[kMostTaps];
  const size_t taps_each = g.taps() / p.segments, kernel_w = static_cast<size_t>(g.kernel_w);
  for (size_t s = 0; s < p.segments; ++s) offset[s] = p.offset(s * taps_each / kernel_w, s * taps_each % kernel_w * static_cast<size_t>(g.dilation_w));
  for (size_t at = block.row, end = block.row + block.rows, done; at < end; at += done) {
    const size_t line = at / out_w, x = at % out_w, oy = line % out_h;
    const size_t lines = at_most(at_most(p.lines, out_h - oy), divide_up(x + end - at, out_w));
    done = at_most(end - at, lines * out_w - x);
    fill_lines(conv, p, first_pixel(conv, block) + line / out_h * image_bytes, oy, lines, copies);
    const GemmI8Grid grid{copies + x * p.step, p.step, p.segments, offset, x, out_w, p.width};
    const size_t last = x + done - 1, rows = last / out_w * p.width + last % out_w + 1 - x;
    block.kernel.fn(gemm, {rows, nullptr, nullptr, block.panel, block.panel + block.panels, output_at(conv, block, at - block.row), conv.output_step, &grid});
  }
}

// The panels [first, last) of a product, for a tile that keeps int32 sums of its own.
GemmI8 some_panels(const GemmI8& whole, size_t first, size_t last) {
  GemmI8 g = whole;
  const size_t column = first * kColumnBlock;
  g.requant.mode = RequantMode::kNone;
  g.weights += first * g.panel_stride;
  g.bias += column;
  g.column_sum = g.column_sum.from(column);
  if (g.weight_zero_point) g.weight_zero_point += column;
  g.layout.n = at_most(g.layout.n - column, (last - first) * kColumnBlock);
  return g;
}

// sums[r][n] over all taps, kMostTaps at a time; only the first slice starts from the bias.
void add_slices(const ConvI8& conv, const Block& block, size_t row, size_t rows, GemmI8 slice, int32_t* sums, size_t stride) {
  const void* pointers[kPointers];
  int32_t part[kRowUnit * kTileColumns], row_sums[kRowUnit] = {};
  const size_t taps = slice.layout.taps, panels = slice.layout.panels();
  for (size_t begin = 0; begin < taps; begin += kMostTaps) {
    slice.layout.taps = at_most(kMostTaps, taps - begin);
    tap_pointers(conv.geometry, first_pixel(conv, block), conv.input_step, conv.padding, {begin, begin + slice.layout.taps}, block.row + row, rows, pointers);
    for (size_t r = 0; slice.weight_zero_point && r < rows; ++r) row_sums[r] = sum_of_bytes(slice, pointers + r * slice.layout.taps);
    block.kernel.fn(slice, {rows, pointers, row_sums, 0, panels, begin == 0 ? sums : part, stride});
    for (size_t r = 0; begin > 0 && r < rows; ++r)
      for (size_t i = r * stride; i < r * stride + slice.layout.n; ++i)
        sums[i] = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + static_cast<uint32_t>(part[i]));
    slice.weights += slice.layout.panel_bytes();
    slice.bias = nullptr;
  }
}

// One tile of a product with more taps than pointers.
void run_sliced_tile(const ConvI8& conv, const Block& block, size_t row, size_t rows, size_t panel) {
  int32_t sums[kRowUnit * kTileColumns];
  const size_t column = panel * kColumnBlock;
  const GemmI8 part = some_panels(block.gemm, panel, at_most(panel + kPanelUnit, block.panel + block.panels));
  add_slices(conv, block, row, rows, part, sums, kTileColumns);
  auto* y = static_cast<uint8_t*>(output_at(conv, block, row));
  if (conv.requant.mode != RequantMode::kNone)
    return pick_requant()(rows, part.layout.n, sums, kTileColumns, from_column(block.gemm.requant, column), y + column, conv.output_step);
  for (size_t r = 0; r < rows; ++r)
    std::memcpy(y + (r * conv.output_step + column) * sizeof(int32_t), sums + r * kTileColumns, part.layout.n * sizeof(int32_t));
}

void run_slices(const ConvI8& conv, const Block& block) {
  const size_t most = at_most(kRowUnit, block.kernel.rows);
  for (size_t panel = block.panel; panel < block.panel + block.panels; panel += kPanelUnit)
    for (size_t r = 0; r < block.rows; r += most) run_sliced_tile(conv, block, r, at_most(most, block.rows - r), panel);
}

}  // namespace

GemmI8Layout conv_i8_layout(const ConvGeometry& g, bool nibbles) {
  if (copies_windows(g)) return {g.group_out(), 1, window_bytes(g), nibbles};
  return {g.group_out(), g.taps(), g.group_in(), nibbles};
}

void pack_conv_i8(const ConvGeometry& g, bool nibbles, const int8_t* w, int8_t* packed) {
  const GemmI8Layout layout = conv_i8_layout(g, nibbles);
  for (int32_t i = 0; i < g.groups; ++i, w += layout.n * layout.taps * layout.k, packed += layout.bytes()) pack_gemm_i8(layout, w, packed);
}

void fold_conv_i8(const ConvGeometry& g, const int8_t* w, const int32_t* bias, int32_t x_zero_point, const int32_t* w_zero_point, int32_t* bias_folded,
                  int32_t* column_sum) {
  const GemmI8Layout layout = conv_i8_layout(g);
  for (size_t i = 0; i < static_cast<size_t>(g.groups); ++i) {
    const size_t from = i * layout.n, to = i * round_up_columns(layout.n);
    fold_gemm_i8(layout, w + from * layout.taps * layout.k, bias ? bias + from : nullptr, x_zero_point, w_zero_point ? w_zero_point + from : nullptr,
                 bias_folded + to, column_sum + to);
  }
}

void add_conv_i8_ways(const ConvGeometry& g, WayList& ways) {
  if (pick_gemm_i8().reads_grids()) ways.add(Algorithm::kVectors);
  ways.add_blocks([&](int8_t by) { return Split(g, 1, {Algorithm::kUsual, by}).blocks(g); });
}

size_t conv_i8_blocks(const ConvGeometry& g, int threads) { return Split(g, threads).blocks(g); }

void conv_i8_block(const ConvI8& conv, size_t index) {
  const Block block(conv, Split(conv.geometry, conv.threads), index);
  if (copies_lines(conv, block)) return run_lines(conv, block);
  if (copies_windows(conv.geometry)) return run_windows(conv, block);
  if (block.gemm.layout.taps > kMostTaps) return run_slices(conv, block);
  run_taps(conv, block);
}

}  // namespace verge
