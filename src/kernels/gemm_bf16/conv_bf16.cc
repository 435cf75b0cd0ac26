#include "kernels/gemm_bf16/conv_bf16.h"

#include <cstring>

#include "kernels/bf16/bf16.h"
#include "kernels/way_candidates.h"

namespace verge {
namespace {

// Programs carry the scratch that follows from these sizes: a change that needs more makes earlier packages be refused.
constexpr size_t kMostRuns = 256;           // of one window, on the stack of a block
constexpr size_t kMostRows = 256;           // of a block that copies its rows
constexpr size_t kMostRowsInPlace = 1024;   // of others
constexpr size_t kRowUnit = 32;             // rows that a kernel computes at a time
constexpr size_t kNearBytes = 640 * 1024;   // of rows and what becomes of them: they stay in the level 2 cache
constexpr size_t kLinesBytes = 320 * 1024;  // of copied lines, for the same reason
constexpr size_t kMostLineBytes = 1024 * 1024;  // of those that one line of output needs
constexpr size_t kBlockMacs = 4 * 1024 * 1024;  // below this a block is not worth a thread's while
constexpr size_t kFarWeights = 1024 * 1024;     // bytes: as many have left the near caches when they are wanted again
constexpr size_t kLine = 64;

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t round_up(size_t a, size_t unit) { return divide_up(a, unit) * unit; }
size_t at_least(size_t a, size_t b) { return a > b ? a : b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }
int32_t at_most_i32(int32_t a, int32_t b) { return a < b ? a : b; }

size_t sum_length(const ConvGeometry& g) { return g.taps() * g.group_in(); }
// Taps side by side in memory are one run.
bool joins_taps(const ConvGeometry& g) { return g.dilation_w == 1; }
size_t runs(const ConvGeometry& g) { return static_cast<size_t>(g.kernel_h) * (joins_taps(g) ? 1 : static_cast<size_t>(g.kernel_w)); }
// Each output pixel reads one input pixel, which lies inside: rows are rounded where they are read.
bool reads_pixels(const ConvGeometry& g) {
  return g.taps() == 1 && g.pad_top == 0 && g.pad_left == 0 && (g.out_h - 1) * g.stride_h < g.in_h && (g.out_w - 1) * g.stride_w < g.in_w;
}

// A picture's lines of output pixels; pixels of an input that needs no windows and no strides are lines of their own.
size_t picture_lines(const ConvGeometry& g) { return g.pointwise() ? g.out_pixels() : static_cast<size_t>(g.out_h); }
size_t line_pixels(const ConvGeometry& g) { return g.pointwise() ? 1 : static_cast<size_t>(g.out_w); }

// Lines of the input, padding included, sorted by what is left over when their place is divided by the vertical stride: row ky of the windows of
// neighbouring output pixels lies `step` apart, and so it goes on from one line of output to the next. Tiles read windows there, without a copy of each.
struct Lines {
  size_t phases, reach;  // of lines; reach: the place of the last window row among the lines of its phase
  size_t step, width;    // elements; steps of a line

  explicit Lines(const ConvGeometry& g)
      : phases(at_most(static_cast<size_t>(g.stride_h), static_cast<size_t>((g.kernel_h - 1) * g.dilation_h + 1))),
        reach(static_cast<size_t>((g.kernel_h - 1) * g.dilation_h / g.stride_h)), step(static_cast<size_t>(g.stride_w) * g.group_in()),
        width(static_cast<size_t>(g.out_w) - 1 + divide_up(static_cast<size_t>((g.kernel_w - 1) * g.dilation_w + 1), static_cast<size_t>(g.stride_w))) {}

  size_t plane(size_t lines) const { return (lines + reach) * width * step; }
  size_t bytes(size_t lines) const { return (phases * plane(lines) + kRowsBf16 * step) * sizeof(uint16_t); }
  size_t most_lines(const ConvGeometry& g) const {
    const size_t fixed = bytes(0), each = bytes(1) - fixed;
    return at_most(static_cast<size_t>(g.out_h), at_least(1, fixed < kLinesBytes ? (kLinesBytes - fixed) / each : 1));
  }
};

bool copies_lines(const ConvGeometry& g) { return g.taps() > 1 && g.group_in() % kStepBf16 == 0 && Lines(g).bytes(1) <= kMostLineBytes; }

bool in_place(const ConvBf16& conv) {
  const ConvGeometry& g = conv.geometry;
  return conv.input.half && g.pointwise() && g.group_in() % kStepBf16 == 0 && conv.input_step % kStepBf16 == 0;
}

// What a block computes of a picture: whole lines, or a stretch of one that is long.
struct Extent {
  size_t lines, pixels;

  explicit Extent(const ConvGeometry& g, bool in_place = false) : lines(0), pixels(line_pixels(g)) {
    if (copies_lines(g)) {
      lines = Lines(g).most_lines(g);
      return;
    }
    const size_t row = 2 * padded_k_bf16(sum_length(g)) + sizeof(float) * g.group_out();
    const size_t rows = at_least(kRowUnit, at_most(in_place ? kMostRowsInPlace : kMostRows, kNearBytes / row / kRowUnit * kRowUnit));
    pixels = at_most(pixels, rows);
    lines = pixels < line_pixels(g) ? 1 : at_least(1, at_most(picture_lines(g), rows / pixels));
  }
};

// The rounded input, padding included, that windows of such an extent see.
struct Plane {
  size_t width, height;
  Plane(const ConvGeometry& g, const Extent& e)
      : width((e.pixels - 1) * static_cast<size_t>(g.stride_w) + static_cast<size_t>((g.kernel_w - 1) * g.dilation_w + 1)),
        height((e.lines - 1) * static_cast<size_t>(g.stride_h) + static_cast<size_t>((g.kernel_h - 1) * g.dilation_h + 1)) {}
};

size_t rows_bytes(const ConvGeometry& g, const Extent& e) { return round_up(e.lines * e.pixels, kRowUnit) * padded_k_bf16(sum_length(g)) * 2; }
size_t plane_bytes(const ConvGeometry& g, const Extent& e) {
  const Plane plane(g, e);
  return reads_pixels(g) ? 0 : round_up(plane.width * plane.height * g.group_in() * 2, kLine);
}

// How one group of one picture is cut. A pointwise convolution is one picture of all its pixels.
struct Split {
  size_t pictures, columns, line_blocks, pixel_blocks, column_blocks;
  Extent extent;

  Split(const ConvBf16& conv, int threads) : extent(conv.geometry, in_place(conv)) {
    const ConvGeometry& g = conv.geometry;
    const size_t all = picture_lines(g), n = g.group_out();
    pictures = g.pointwise() ? 1 : static_cast<size_t>(g.batch);
    const size_t macs = all * line_pixels(g) * sum_length(g) * n;
    const size_t wanted = threads <= 1 ? 1 : at_least(1, at_most(static_cast<size_t>(2 * threads), macs / kBlockMacs));
    extent.lines = at_most(extent.lines, round_up(divide_up(all, wanted), divide_up(kRowUnit, line_pixels(g))));
    line_blocks = divide_up(all, extent.lines);
    pixel_blocks = divide_up(line_pixels(g), extent.pixels);
    columns = round_up(divide_up(n, divide_up(wanted, line_blocks * pixel_blocks)), 2 * kPanelBf16);
    column_blocks = divide_up(n, columns);
  }
  size_t blocks(const ConvGeometry& g) const { return pictures * static_cast<size_t>(g.groups) * line_blocks * pixel_blocks * column_blocks; }
};

struct Block {
  size_t picture, group, line, pixel, column, columns;
  Extent extent;

  Block(const ConvGeometry& g, const Split& s, size_t index) : extent(s.extent) {
    column = index % s.column_blocks * s.columns, index /= s.column_blocks;
    columns = at_most(s.columns, g.group_out() - column);
    pixel = index % s.pixel_blocks * extent.pixels, index /= s.pixel_blocks;
    extent.pixels = at_most(extent.pixels, line_pixels(g) - pixel);
    line = index % s.line_blocks * extent.lines, index /= s.line_blocks;
    extent.lines = at_most(extent.lines, picture_lines(g) - line);
    group = index % static_cast<size_t>(g.groups);
    picture = index / static_cast<size_t>(g.groups);
  }
  size_t rows() const { return extent.lines * extent.pixels; }
};

// Rows of the input as bf16, each filled up with zeros: rounded, or copied where they are bf16 already.
void take_rows(size_t rows, size_t n, Reals x, size_t x_step, uint16_t* y, size_t y_step) {
  static constexpr uint32_t kAtFirst[] = {0};
  const Bf16Kernel& kernel = pick_bf16();
  x.half ? kernel.copy({rows, 1, n, x.as<uint16_t>(), x_step, kAtFirst, y, y_step}) : kernel.round({rows, n, x.as<float>(), x_step, y, y_step});
}

// The pixels of a block's input.
class Picture {
 public:
  Picture(const ConvBf16& conv, const Block& block)
      : g_(conv.geometry), step_(conv.input_step),
        first_(conv.input.from(block.picture * static_cast<size_t>(g_.in_h) * static_cast<size_t>(g_.in_w) * step_ + block.group * g_.group_in())) {}

  Reals pixel(size_t index) const { return first_.from(index * step_); }
  size_t step() const { return step_; }

  // Pixels (iy, left) to (iy, left + width - 1), one behind the other; zeros where there is no input.
  void take_line(int32_t iy, int32_t left, size_t width, uint16_t* to) const {
    const size_t c = g_.group_in();
    const int32_t end = at_most_i32(left + static_cast<int32_t>(width), g_.in_w), begin = left < 0 ? 0 : left;
    if (iy < 0 || iy >= g_.in_h || begin >= end) return static_cast<void>(std::memset(to, 0, width * c * sizeof(uint16_t)));
    const size_t before = static_cast<size_t>(begin - left) * c, count = static_cast<size_t>(end - begin), behind = width * c - before - count * c;
    const Reals from = pixel(static_cast<size_t>(iy) * static_cast<size_t>(g_.in_w) + static_cast<size_t>(begin));
    std::memset(to, 0, before * sizeof(uint16_t));
    if (step_ != c) take_rows(count, c, from, step_, to + before, c);
    else if (from.half) std::memcpy(to + before, from.data, count * c * sizeof(uint16_t));
    else take_rows(1, count * c, from, count * c, to + before, count * c);
    std::memset(to + before + count * c, 0, behind * sizeof(uint16_t));
  }

 private:
  const ConvGeometry& g_;
  size_t step_;
  Reals first_;
};

// Turns the windows of a block into rows of bf16.
class Rows {
 public:
  Rows(const ConvBf16& conv, const Block& block, uint16_t* rows, uint16_t* plane)
      : g_(conv.geometry), block_(block), k_(padded_k_bf16(sum_length(g_))), rows_(rows), plane_(plane), picture_(conv, block) {}

  void make() const {
    if (g_.pointwise()) return take_rows(block_.extent.lines, g_.group_in(), picture_.pixel(block_.line), picture_.step(), rows_, k_);
    reads_pixels(g_) ? take_pixels() : copy_windows();
  }

 private:
  void take_pixels() const {
    const Extent& e = block_.extent;
    const size_t stride = static_cast<size_t>(g_.stride_w);
    for (size_t i = 0; i < e.lines; ++i) {
      const size_t iy = (block_.line + i) * static_cast<size_t>(g_.stride_h);
      take_rows(e.pixels, g_.group_in(), picture_.pixel(iy * static_cast<size_t>(g_.in_w) + block_.pixel * stride), stride * picture_.step(), rows_ + i * e.pixels * k_, k_);
    }
  }

  void copy_windows() const {
    const Extent& e = block_.extent;
    const Plane plane(g_, e);
    fill(plane);
    uint32_t at[kMostRuns];
    const size_t c = g_.group_in(), across = joins_taps(g_) ? 1 : static_cast<size_t>(g_.kernel_w), run = joins_taps(g_) ? static_cast<size_t>(g_.kernel_w) * c : c;
    for (size_t i = 0; i < runs(g_); ++i)
      at[i] = static_cast<uint32_t>((i / across * static_cast<size_t>(g_.dilation_h) * plane.width + i % across * static_cast<size_t>(g_.dilation_w)) * c);
    for (size_t i = 0; i < e.lines; ++i)
      pick_bf16().copy({e.pixels, runs(g_), run, plane_ + i * static_cast<size_t>(g_.stride_h) * plane.width * c, static_cast<size_t>(g_.stride_w) * c, at,
                        rows_ + i * e.pixels * k_, k_});
  }

  void fill(const Plane& plane) const {
    const size_t row = plane.width * g_.group_in();
    const int32_t top = static_cast<int32_t>(block_.line) * g_.stride_h - g_.pad_top, left = static_cast<int32_t>(block_.pixel) * g_.stride_w - g_.pad_left;
    for (size_t i = 0; i < plane.height; ++i) picture_.take_line(top + static_cast<int32_t>(i), left, plane.width, plane_ + i * row);
  }

  const ConvGeometry& g_;
  const Block& block_;
  size_t k_;
  uint16_t *rows_, *plane_;
  const Picture picture_;
};

void fill_lines(const ConvBf16& conv, const Block& block, const Lines& p, uint16_t* to) {
  const ConvGeometry& g = conv.geometry;
  const Picture picture(conv, block);
  const size_t stride = static_cast<size_t>(g.stride_h), pixels = p.width * static_cast<size_t>(g.stride_w);
  for (size_t phase = 0; phase < p.phases; ++phase)
    for (size_t y = 0; y < block.extent.lines + p.reach; ++y)
      picture.take_line(static_cast<int32_t>((block.line + y) * stride + phase) - g.pad_top, -g.pad_left, pixels, to + phase * p.plane(block.extent.lines) + y * p.width * p.step);
}

const Kernel<GemmBf16Fn>& pick_vectors() {
  static constinit Pick pick;
  size_t first = 0;
  while (gemm_bf16_kernels()[first].isa == Isa::kAmx) ++first;
  return pick.from(gemm_bf16_kernels().subspan(first));
}

GemmBf16Fn kernel_of(const ConvBf16& conv) {
  return tuned_way(LayerFamily::kConvBf16, conv.geometry).algorithm == Algorithm::kVectors ? pick_vectors().fn : pick_gemm_bf16();
}

// Everything but where rows lie.
GemmBf16 product_of(const ConvBf16& conv, const Block& block) {
  const ConvGeometry& g = conv.geometry;
  const size_t k = sum_length(g), n = g.group_out(), row = (block.picture * picture_lines(g) + block.line) * line_pixels(g) + block.pixel, at = block.group * n + block.column;
  GemmBf16 gemm;
  gemm.all_rows = g.out_pixels();
  gemm.k = padded_k_bf16(k);
  gemm.weights = conv.weights + block.group * packed_weights_bf16_size(n, k) + block.column * gemm.k;
  gemm.weights_are_far = block.line == 0 && block.pixel == 0;
  gemm.bias = conv.bias + block.group * padded_n_bf16(n) + block.column;
  gemm.residual = conv.residual.from(row * conv.residual_step + at);
  gemm.residual_step = conv.residual_step;
  gemm.output = conv.output.from(row * conv.output_step + at);
  gemm.output_step = conv.output_step;
  gemm.clamp = conv.clamp;
  return gemm;
}

void run_lines(const ConvBf16& conv, const Block& block, uint16_t* scratch) {
  const ConvGeometry& g = conv.geometry;
  const Lines p(g);
  fill_lines(conv, block, p, scratch);
  uint32_t at[kMostRuns];
  const size_t across = joins_taps(g) ? 1 : static_cast<size_t>(g.kernel_w), stride = static_cast<size_t>(g.stride_h);
  for (size_t i = 0; i < runs(g); ++i) {
    const size_t y = i / across * static_cast<size_t>(g.dilation_h), x = i % across * static_cast<size_t>(g.dilation_w);
    at[i] = static_cast<uint32_t>(y % stride * p.plane(block.extent.lines) + y / stride * p.width * p.step + x * g.group_in());
  }
  GemmBf16 gemm = product_of(conv, block);
  gemm.a = scratch, gemm.a_step = p.step;
  gemm.runs = runs(g), gemm.run_at = at;
  gemm.valid = block.extent.pixels, gemm.width = p.width;
  kernel_of(conv)((block.extent.lines - 1) * p.width + block.extent.pixels, block.columns, gemm);
}

void run_rows(const ConvBf16& conv, const Block& block, uint16_t* scratch) {
  GemmBf16 gemm = product_of(conv, block);
  if (in_place(conv) && block.rows() >= kRowsBf16) {
    gemm.a = Picture(conv, block).pixel(block.line).as<uint16_t>(), gemm.a_step = conv.input_step;
  } else {
    Rows(conv, block, scratch, scratch + rows_bytes(conv.geometry, Extent(conv.geometry)) / sizeof(uint16_t)).make();
    gemm.a = scratch, gemm.a_step = gemm.k;
  }
  kernel_of(conv)(block.rows(), block.columns, gemm);
}

// What a block has stored is still near.
void activate(const ConvBf16& conv, const Block& block) {
  auto* y = product_of(conv, block).output.as<uint16_t>();
  if (block.columns == conv.output_step) return (*conv.activation)(block.rows() * block.columns, y, y);
  for (size_t r = 0; r < block.rows(); ++r, y += conv.output_step) (*conv.activation)(block.columns, y, y);
}

}  // namespace

bool conv_bf16_fits(const ConvGeometry& g) {
  constexpr size_t kMostScratch = size_t{64} << 20;
  const Extent e(g);
  const Plane plane(g, e);
  if (g.pad_top < 0 || g.pad_left < 0 || runs(g) > kMostRuns) return false;
  return copies_lines(g) || (rows_bytes(g, e) <= kMostScratch && (reads_pixels(g) || plane.width <= kMostScratch / 2 / plane.height / g.group_in()));
}

size_t conv_bf16_scratch_size(const ConvGeometry& g) {
  const Extent e(g);
  return copies_lines(g) ? round_up(Lines(g).bytes(e.lines), kLine) : rows_bytes(g, e) + plane_bytes(g, e);
}

void add_conv_bf16_ways(const ConvGeometry&, WayList& ways) {
  if (pick_vectors().fn != pick_gemm_bf16()) ways.add(Algorithm::kVectors);
}

size_t conv_bf16_blocks(const ConvBf16& conv, int threads) { return Split(conv, threads).blocks(conv.geometry); }

void conv_bf16_block(const ConvBf16& conv, int threads, size_t index, void* scratch) {
  const Block block(conv.geometry, Split(conv, threads), index);
  copies_lines(conv.geometry) ? run_lines(conv, block, static_cast<uint16_t*>(scratch)) : run_rows(conv, block, static_cast<uint16_t*>(scratch));
  if (conv.activation && conv.output.half) activate(conv, block);
}

}  // namespace verge
