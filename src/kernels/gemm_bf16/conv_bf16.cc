#include "kernels/gemm_bf16/conv_bf16.h"

#include <cstring>

#include "kernels/bf16/bf16.h"

namespace verge {
namespace {

// Programs carry the scratch that follows from these sizes: a change that needs more makes earlier packages be refused.
constexpr size_t kMostRuns = 256;          // of one window, on the stack of a block
constexpr size_t kMostRows = 256;          // of a block
constexpr size_t kRowUnit = 32;            // rows that a kernel computes at a time
constexpr size_t kNearBytes = 640 * 1024;  // of rounded rows and what becomes of them: they stay in the level 2 cache
constexpr size_t kBlockMacs = 4 * 1024 * 1024;  // below this a block is not worth a thread's while
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

// What a block computes of a picture: whole lines, or a stretch of one that is long.
struct Extent {
  size_t lines, pixels;

  explicit Extent(const ConvGeometry& g) {
    const size_t row = 2 * padded_k_bf16(sum_length(g)) + sizeof(float) * g.group_out();
    const size_t rows = at_least(kRowUnit, at_most(kMostRows, kNearBytes / row / kRowUnit * kRowUnit));
    pixels = at_most(line_pixels(g), rows);
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

  Split(const ConvGeometry& g, int threads) : extent(g) {
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

// Turns the windows of a block into rows of bf16.
class Rows {
 public:
  Rows(const ConvBf16& conv, const Block& block, uint16_t* rows, uint16_t* plane)
      : g_(conv.geometry), block_(block), step_(conv.input_step), k_(padded_k_bf16(sum_length(g_))), rows_(rows), plane_(plane),
        input_(conv.input + block.picture * static_cast<size_t>(g_.in_h) * static_cast<size_t>(g_.in_w) * conv.input_step + block.group * g_.group_in()) {}

  void make() const {
    if (g_.pointwise()) return kernel_.round({block_.extent.lines, g_.group_in(), input_ + block_.line * step_, step_, rows_, k_});
    reads_pixels(g_) ? round_pixels() : copy_windows();
  }

 private:
  void round_pixels() const {
    const Extent& e = block_.extent;
    const size_t stride = static_cast<size_t>(g_.stride_w) * step_;
    for (size_t i = 0; i < e.lines; ++i) {
      const size_t iy = (block_.line + i) * static_cast<size_t>(g_.stride_h);
      kernel_.round({e.pixels, g_.group_in(), input_ + iy * static_cast<size_t>(g_.in_w) * step_ + block_.pixel * stride, stride, rows_ + i * e.pixels * k_, k_});
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
      kernel_.copy({e.pixels, runs(g_), run, plane_ + i * static_cast<size_t>(g_.stride_h) * plane.width * c, static_cast<size_t>(g_.stride_w) * c, at,
                    rows_ + i * e.pixels * k_, k_});
  }

  void fill(const Plane& plane) const {
    const size_t row = plane.width * g_.group_in();
    const int32_t top = static_cast<int32_t>(block_.line) * g_.stride_h - g_.pad_top, left = static_cast<int32_t>(block_.pixel) * g_.stride_w - g_.pad_left;
    for (size_t i = 0; i < plane.height; ++i) fill_row(top + static_cast<int32_t>(i), left, plane.width, plane_ + i * row);
  }

  // Pixels (iy, left) to (iy, left + width - 1); zeros where there is no input.
  void fill_row(int32_t iy, int32_t left, size_t width, uint16_t* to) const {
    const size_t c = g_.group_in();
    const int32_t end = at_most_i32(left + static_cast<int32_t>(width), g_.in_w), begin = left < 0 ? 0 : left;
    if (iy < 0 || iy >= g_.in_h || begin >= end) return static_cast<void>(std::memset(to, 0, width * c * sizeof(uint16_t)));
    const size_t before = static_cast<size_t>(begin - left) * c, count = static_cast<size_t>(end - begin), behind = width * c - before - count * c;
    const float* from = input_ + (static_cast<size_t>(iy) * static_cast<size_t>(g_.in_w) + static_cast<size_t>(begin)) * step_;
    std::memset(to, 0, before * sizeof(uint16_t));
    kernel_.round(step_ == c ? RoundRows{1, count * c, from, count * c, to + before, count * c} : RoundRows{count, c, from, step_, to + before, c});
    std::memset(to + before + count * c, 0, behind * sizeof(uint16_t));
  }

  const Bf16Kernel& kernel_ = pick_bf16();
  const ConvGeometry& g_;
  const Block& block_;
  size_t step_, k_;
  uint16_t *rows_, *plane_;
  const float* input_;
};

}  // namespace

bool conv_bf16_fits(const ConvGeometry& g) {
  constexpr size_t kMostScratch = size_t{64} << 20;
  const Extent e(g);
  const Plane plane(g, e);
  if (g.pad_top < 0 || g.pad_left < 0 || runs(g) > kMostRuns || rows_bytes(g, e) > kMostScratch) return false;
  return reads_pixels(g) || plane.width <= kMostScratch / 2 / plane.height / g.group_in();
}

size_t conv_bf16_scratch_size(const ConvGeometry& g) {
  const Extent e(g);
  return rows_bytes(g, e) + plane_bytes(g, e);
}

size_t conv_bf16_blocks(const ConvGeometry& g, int threads) { return Split(g, threads).blocks(g); }

void conv_bf16_block(const ConvBf16& conv, int threads, size_t index, void* scratch) {
  const ConvGeometry& g = conv.geometry;
  const Block block(g, Split(g, threads), index);
  auto* rows = static_cast<uint16_t*>(scratch);
  Rows(conv, block, rows, reinterpret_cast<uint16_t*>(static_cast<uint8_t*>(scratch) + rows_bytes(g, Extent(g)))).make();
  const size_t k = sum_length(g), n = g.group_out();
  const size_t row = (block.picture * picture_lines(g) + block.line) * line_pixels(g) + block.pixel, at = block.group * n + block.column;
  GemmBf16 gemm;
  gemm.all_rows = g.out_pixels();
  gemm.k = gemm.a_step = padded_k_bf16(k);
  gemm.a = rows;
  gemm.weights = conv.weights + block.group * packed_weights_bf16_size(n, k) + block.column * gemm.k;
  gemm.bias = conv.bias + block.group * padded_n_bf16(n) + block.column;
  gemm.residual = conv.residual ? conv.residual + row * conv.residual_step + at : nullptr;
  gemm.residual_step = conv.residual_step;
  gemm.output = conv.output + row * conv.output_step + at;
  gemm.output_step = conv.output_step;
  gemm.clamp = conv.clamp;
  pick_gemm_bf16()(block.rows(), block.columns, gemm);
}

}  // namespace verge
