#include "kernels/weight_gradient/weight_gradient_f32.h"

#include <cstring>

#include "kernels/outer/outer_f32.h"

namespace verge {
namespace {

constexpr size_t kUnitFloats = 48 * 1024;     // of padded input that a unit of work holds: it stays in the level 2 cache
constexpr size_t kBlockMacs = 512 * 1024;     // below this a block is not worth a thread's while
constexpr size_t kMostBlocks = 8;
constexpr size_t kPartFloats = 2 * 1024 * 1024;  // of all parts' sums
constexpr size_t kRowUnit = 12;
constexpr size_t kSumFloats = 16 * 1024;
constexpr size_t kMostTaps = 256;  // of a depthwise kernel at a time

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t least(size_t a, size_t b) { return a < b ? a : b; }
size_t most(size_t a, size_t b) { return a > b ? a : b; }
size_t size(int32_t n) { return static_cast<size_t>(n); }

// How pictures are read: rows of output of one picture at a time, from the input as it is or from a copy with padding.
struct Reading {
  bool padded = false;
  size_t width = 0;          // pixels of a row that outputs see
  size_t rows_a_unit = 1;    // of output
  size_t units_a_picture = 1;

  explicit Reading(const ConvGeometry& g) {
    width = size(g.out_w - 1) * size(g.stride_w) + size(g.kernel_w - 1) * size(g.dilation_w) + 1;
    const size_t height = size(g.out_h - 1) * size(g.stride_h) + size(g.kernel_h - 1) * size(g.dilation_h) + 1;
    padded = g.pad_top != 0 || g.pad_left != 0 || height > size(g.in_h) || width > size(g.in_w);
    const size_t row = most(1, size(g.stride_h) * width * size(g.in_c));
    rows_a_unit = most(1, least(size(g.out_h), kUnitFloats / row));
    units_a_picture = divide_up(size(g.out_h), rows_a_unit);
  }
  size_t input_rows(const ConvGeometry& g, size_t rows) const { return (rows - 1) * size(g.stride_h) + size(g.kernel_h - 1) * size(g.dilation_h) + 1; }
  size_t copy_floats(const ConvGeometry& g) const { return padded ? input_rows(g, rows_a_unit) * width * size(g.in_c) : 0; }
};

struct Split {
  Reading reading;
  size_t units, parts, units_a_part;   // of pixels
  size_t row_blocks, rows;             // of output channels of one group
  size_t weights, sums;                // floats of one part: weights, and with the bias

  explicit Split(const ConvGeometry& g) : reading(g) {
    units = size(g.batch) * reading.units_a_picture;
    weights = size(g.out_c) * g.taps() * g.group_in();
    sums = weights + size(g.out_c);
    const size_t wanted = most(1, least(kMostBlocks, g.out_pixels() * weights / kBlockMacs));
    parts = most(1, least(least(wanted, units), kPartFloats / sums));
    units_a_part = divide_up(units, parts);
    parts = divide_up(units, units_a_part);
    const size_t most_rows = is_depthwise_gradient(g) ? 1 : divide_up(g.group_out(), kRowUnit);
    row_blocks = least(divide_up(wanted, parts), most_rows);
    rows = divide_up(divide_up(g.group_out(), row_blocks), row_blocks > 1 ? kRowUnit : 1) * (row_blocks > 1 ? kRowUnit : 1);
    row_blocks = divide_up(g.group_out(), rows);
    if (is_depthwise_gradient(g)) row_blocks = 1;
  }
  size_t blocks() const { return parts * row_blocks; }
  size_t scratch(const ConvGeometry& g) const { return parts * sums + blocks() * reading.copy_floats(g); }
};

// Rows [first, first + rows) of output of one picture.
struct Unit {
  size_t picture, first, rows;
};

// The input rows that a unit sees, with zeros around.
void copy_padded(const WeightGradientF32& args, const Reading& reading, const Unit& unit, float* to) {
  const ConvGeometry& g = args.geometry;
  const size_t channels = size(g.in_c), rows = reading.input_rows(g, unit.rows);
  const int64_t left = g.pad_left < 0 ? 0 : g.pad_left, skip = g.pad_left < 0 ? -g.pad_left : 0;
  const int64_t room = static_cast<int64_t>(reading.width) - left, have = g.in_w - skip, copied = room < have ? room : have;
  for (size_t r = 0; r < rows; ++r, to += reading.width * channels) {
    const int64_t iy = static_cast<int64_t>(unit.first) * g.stride_h - g.pad_top + static_cast<int64_t>(r);
    std::memset(to, 0, reading.width * channels * sizeof(float));
    if (iy < 0 || iy >= g.in_h || copied <= 0) continue;
    const float* from = args.x + ((unit.picture * size(g.in_h) + static_cast<size_t>(iy)) * size(g.in_w) + static_cast<size_t>(skip)) * channels;
    std::memcpy(to + static_cast<size_t>(left) * channels, from, static_cast<size_t>(copied) * channels * sizeof(float));
  }
}

// Where a unit's input lies: its first pixel, and floats from a row to the next.
struct Input {
  const float* first;
  size_t row;
};

Input input_of(const WeightGradientF32& args, const Split& split, const Unit& unit, float* copy) {
  const ConvGeometry& g = args.geometry;
  const size_t channels = size(g.in_c);
  if (split.reading.padded) {
    copy_padded(args, split.reading, unit, copy);
    return {copy, split.reading.width * channels};
  }
  return {args.x + (unit.picture * size(g.in_h) + unit.first * size(g.stride_h)) * size(g.in_w) * channels, size(g.in_w) * channels};
}

const float* gradient_of(const WeightGradientF32& args, const Unit& unit) {
  const ConvGeometry& g = args.geometry;
  return args.dy + (unit.picture * size(g.out_h) + unit.first) * size(g.out_w) * size(g.out_c);
}

// Output channels [row, row + rows) of one group.
void add_products(const WeightGradientF32& args, const Unit& unit, const Input& input, size_t group, size_t row, size_t rows, float* dw) {
  const ConvGeometry& g = args.geometry;
  const size_t channels = size(g.in_c), k = g.group_in(), out = group * g.group_out() + row;
  const bool merged = g.groups == 1 && g.dilation_w == 1;  // the taps of a row lie side by side
  const size_t steps = merged ? 1 : size(g.kernel_w), columns = merged ? size(g.kernel_w) * k : k;
  const OuterF32Fn outer = pick_outer_f32();
  OuterF32 o{.runs = unit.rows, .pixels = size(g.out_w)};
  o.a = gradient_of(args, unit) + out;
  o.a_run = size(g.out_w) * size(g.out_c), o.a_step = size(g.out_c);
  o.b_run = size(g.stride_h) * input.row, o.b_step = size(g.stride_w) * channels;
  o.c_step = g.taps() * k;
  if (o.a_run == o.pixels * o.a_step && o.b_run == o.pixels * o.b_step) o.pixels *= o.runs, o.runs = 1;
  for (size_t ky = 0; ky < size(g.kernel_h); ++ky)
    for (size_t s = 0; s < steps; ++s) {
      o.b = input.first + ky * size(g.dilation_h) * input.row + s * size(g.dilation_w) * channels + group * k;
      o.c = dw + out * o.c_step + (ky * size(g.kernel_w) + s) * k;
      outer(rows, columns, o);
    }
}

void add_bias(const WeightGradientF32& args, const Unit& unit, float* db) {
  const ConvGeometry& g = args.geometry;
  static constexpr float kOne = 1;
  pick_outer_f32()(1, size(g.out_c), {.runs = 1, .pixels = unit.rows * size(g.out_w), .a = &kOne, .b = gradient_of(args, unit), .b_step = size(g.out_c), .c = db, .c_step = 0});
}

// Sums lie as [taps][channels].
void add_depthwise(const WeightGradientF32& args, const Unit& unit, const Input& input, float* dw) {
  const ConvGeometry& g = args.geometry;
  const size_t channels = size(g.in_c);
  size_t offsets[kMostTaps];
  for (size_t first = 0; first < g.taps(); first += kMostTaps) {
    const size_t taps = least(kMostTaps, g.taps() - first);
    for (size_t t = 0; t < taps; ++t) {
      const size_t ky = (first + t) / size(g.kernel_w), kx = (first + t) % size(g.kernel_w);
      offsets[t] = ky * size(g.dilation_h) * input.row + kx * size(g.dilation_w) * channels;
    }
    pick_channel_outer_f32()({.runs = unit.rows, .pixels = size(g.out_w), .channels = channels, .taps = taps, .offsets = offsets, .x = input.first,
                              .x_run = size(g.stride_h) * input.row, .x_step = size(g.stride_w) * channels, .dy = gradient_of(args, unit),
                              .dy_run = size(g.out_w) * channels, .dy_step = channels, .dw = dw + first * channels, .dw_step = channels});
  }
}

// n sums of all parts, in the order of the parts.
void add_parts(const float* first, const Split& split, size_t n, float* to) {
  std::memcpy(to, first, n * sizeof(float));
  for (size_t p = 1; p < split.parts; ++p) {
    const float* from = first + p * split.sums;
    for (size_t i = 0; i < n; ++i) to[i] += from[i];
  }
}

}  // namespace

bool is_depthwise_gradient(const ConvGeometry& g) { return g.groups > 1 && g.groups == g.in_c && g.out_c == g.in_c; }

size_t weight_gradient_f32_scratch(const ConvGeometry& geometry) { return Split(geometry).scratch(geometry); }

size_t weight_gradient_f32_blocks(const ConvGeometry& geometry) { return Split(geometry).blocks(); }

void weight_gradient_f32_block(const WeightGradientF32& args, size_t block) {
  const ConvGeometry& g = args.geometry;
  const Split s(g);
  const size_t part = block / s.row_blocks, row = block % s.row_blocks * s.rows, rows = least(s.rows, g.group_out() - row);
  const bool depthwise = is_depthwise_gradient(g);
  float *dw = args.scratch + part * s.sums, *db = dw + s.weights, *copy = args.scratch + s.parts * s.sums + block * s.reading.copy_floats(g);
  for (size_t group = 0; group < (depthwise ? 1 : size(g.groups)); ++group)
    std::memset(dw + (group * g.group_out() + row) * g.taps() * g.group_in(), 0, (depthwise ? s.weights : rows * g.taps() * g.group_in()) * sizeof(float));
  if (row == 0) std::memset(db, 0, size(g.out_c) * sizeof(float));
  for (size_t u = part * s.units_a_part; u < least(s.units, (part + 1) * s.units_a_part); ++u) {
    const size_t first = u % s.reading.units_a_picture * s.reading.rows_a_unit;
    const Unit unit{u / s.reading.units_a_picture, first, least(s.reading.rows_a_unit, size(g.out_h) - first)};
    const Input input = input_of(args, s, unit, copy);
    if (depthwise) add_depthwise(args, unit, input, dw);
    else
      for (size_t group = 0; group < size(g.groups); ++group) add_products(args, unit, input, group, row, rows, dw);
    if (row == 0 && args.db) add_bias(args, unit, db);
  }
}

size_t weight_gradient_f32_sums(const ConvGeometry& geometry) { return divide_up(Split(geometry).sums, kSumFloats); }

void weight_gradient_f32_sum(const WeightGradientF32& args, size_t index) {
  const ConvGeometry& g = args.geometry;
  const Split s(g);
  const size_t begin = index * kSumFloats, end = least(s.sums, begin + kSumFloats), weights_end = most(begin, least(end, s.weights));
  if (is_depthwise_gradient(g)) {
    for (size_t i = begin; i < weights_end; ++i) {
      float* to = args.dw + i % size(g.in_c) * g.taps() + i / size(g.in_c);
      add_parts(args.scratch + i, s, 1, to);
    }
  } else {
    add_parts(args.scratch + begin, s, weights_end - begin, args.dw + begin);
  }
  if (args.db && weights_end < end) add_parts(args.scratch + weights_end, s, end - weights_end, args.db + (weights_end - s.weights));
}

std::span<const Kernel<ChannelOuterF32Fn>> channel_outer_f32_kernels() {
  static constexpr Kernel<ChannelOuterF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/weight_gradient/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

ChannelOuterF32Fn pick_channel_outer_f32() {
  static constinit Pick pick;
  return pick.from(channel_outer_f32_kernels()).fn;
}

}  // namespace verge
