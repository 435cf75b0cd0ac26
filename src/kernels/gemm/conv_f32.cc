#include "kernels/gemm/conv_f32.h"

#include <cstring>

#include "kernels/gemm/pack_f32.h"
#include "kernels/way_candidates.h"

namespace verge {
namespace {

constexpr size_t kPointers = 2048;          // on the stack of a block
constexpr size_t kPatchFloats = 4096;       // on the stack of a block
constexpr size_t kRowUnit = 24;             // a multiple of the rows of the kernels' tiles of registers
constexpr size_t kTileUnit = 32;            // of rows where sums may be made in any order, which is done in larger tiles
constexpr size_t kInputBytes = 256 * 1024;  // of input that a block of rows sweeps once for each pair of panels: it stays in the level 2 cache
constexpr size_t kBlockMacs = 384 * 1024;   // below this a block is not worth a thread's while
constexpr size_t kTileMacs = 1024 * 1024;   // the same where sums may be made in any order, for which each block prepares its rows and weights
constexpr size_t kMostBlocks = 16;          // enough for an even share; more costs repeated reading
constexpr size_t kWeightsPerValue = 4;      // read from the common cache while one value comes from another thread's
constexpr size_t kMergedFloats = 64;        // taps of one row are read as one run up to this length

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t at_least(size_t a, size_t b) { return a > b ? a : b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

// Pixels of a line whose kernel leaves the row at its ends: they need a patch for each row of taps.
size_t ends_of(const ConvGeometry& g) {
  size_t ends = 0;
  for (int32_t x = 0; x < g.out_w; ++x) ends += x * g.stride_w < g.pad_left || x * g.stride_w - g.pad_left + g.kernel_w > g.in_w;
  return ends;
}

// Neighbouring taps of a row lie side by side in memory, so a row of taps can be one run of kernel_w * in_c floats. Worth it when a tap is short.
bool can_merge(const ConvGeometry& g) {
  const size_t run = static_cast<size_t>(g.kernel_w) * static_cast<size_t>(g.in_c);
  if (g.groups != 1 || g.kernel_w == 1 || g.dilation_w != 1 || run > kMergedFloats || static_cast<size_t>(g.kernel_h) > kPointers / kRowUnit) return false;
  return static_cast<size_t>(g.kernel_h) * run * kRowUnit <= kPatchFloats || ends_of(g) == 0;
}

// How many pixels of a block fit.
size_t merged_pixels(const ConvGeometry& g) {
  const size_t ends = ends_of(g);
  if (ends == 0) return kPointers / static_cast<size_t>(g.kernel_h);
  const size_t patch_rows = kPatchFloats / (g.taps() * static_cast<size_t>(g.in_c) * ends);
  const size_t by_ends = patch_rows > 2 ? (patch_rows - 2) * static_cast<size_t>(g.out_w) : 0;  // a block touches at most so many rows and two parts
  return at_least(by_ends, kPatchFloats / (g.taps() * static_cast<size_t>(g.in_c)));
}

// Short runs are gathered too slowly.
bool fits_any_order(const ConvGeometry& g) {
  const size_t run = can_merge(g) ? static_cast<size_t>(g.kernel_w) * g.group_in() : g.group_in();
  return (g.taps() == 1 || run % kPanelF32 == 0) && igemm_f32_any_order_fits(g.out_pixels(), g.taps(), g.group_in());
}

bool any_order_pays(const ConvGeometry& g) { return fits_any_order(g) && igemm_f32_any_order_pays(g.out_pixels(), g.group_out(), g.taps(), g.group_in()); }

bool in_any_order(const ConvF32& conv, Way way) {
  if (!conv.any_order || way.algorithm == Algorithm::kVectors) return false;
  return way.algorithm == Algorithm::kTiles ? fits_any_order(conv.geometry) : any_order_pays(conv.geometry);
}

struct Split {
  bool any_order;
  EvenBlocks rows{0, 1, 1};
  size_t panels, column_blocks;  // of one block; of one group

  Split(const ConvF32& conv, int threads) : Split(conv, threads, tuned_way(LayerFamily::kConvF32, conv.geometry)) {}
  Split(const ConvF32& conv, int threads, Way way) : any_order(in_any_order(conv, way)) {
    const ConvGeometry& g = conv.geometry;
    const size_t pixels = g.out_pixels(), k = g.taps() * g.group_in(), all_panels = divide_up(g.group_out(), kPanelF32);
    const size_t unit = any_order && !can_merge(g) ? kTileUnit : kRowUnit;
    const size_t most_blocks = any_order ? static_cast<size_t>(threads) : kMostBlocks;
    const size_t wanted = at_least(1, at_most(most_blocks, pixels * k * g.group_out() / (any_order ? kTileMacs : kBlockMacs)));
    const size_t bytes_per_row = static_cast<size_t>(g.stride_h * g.stride_w) * g.group_in() * sizeof(float);
    size_t most = kPointers / at_most(g.taps(), kPointers / kTileUnit);
    if (can_merge(g)) most = at_most(most, merged_pixels(g));
    const size_t fit = at_least(unit, most / unit * unit);
    if (!any_order) most = at_most(most, kInputBytes / bytes_per_row);
    most = at_least(unit, most / unit * unit);
    const size_t even = at_least(1, divide_up(divide_up(pixels, wanted), unit)) * unit;
    // Threads that share rows keep what they read and write in their own caches; those that share columns need not read all weights.
    const bool share_rows = wanted > 1 && k * g.group_out() <= kWeightsPerValue * pixels * (g.group_in() + g.group_out());
    const int sharing = share_rows ? threads : 1;
    const size_t block = pixels < g.group_out() ? divide_up(pixels, static_cast<size_t>(sharing)) : even;
    size_t size = at_most(most, block);
    if (way.blocks != 0) size = at_most(fit, at_least(1, scaled(size, way.blocks) / unit) * unit);
    rows = EvenBlocks(pixels, size, sharing);
    column_blocks = rows.size() >= wanted ? 1 : at_most(divide_up(wanted, rows.size()), divide_up(all_panels, 2));
    panels = column_blocks == 0 ? 0 : divide_up(divide_up(all_panels, column_blocks), 2) * 2;
    column_blocks = panels == 0 ? 0 : divide_up(all_panels, panels);
  }
  size_t blocks(const ConvGeometry& g) const { return rows.size() * column_blocks * static_cast<size_t>(g.groups); }
};

// The part of the output that one block computes.
struct Block {
  size_t group, row, rows, column, columns;

  Block(const ConvGeometry& g, const Split& s, size_t index) {
    const size_t in_group = index % (s.rows.size() * s.column_blocks);
    group = index / (s.rows.size() * s.column_blocks);
    row = s.rows.begin(in_group / s.column_blocks);
    rows = s.rows.end(in_group / s.column_blocks) - row;
    column = in_group % s.column_blocks * s.panels * kPanelF32;
    columns = at_most(s.panels * kPanelF32, g.group_out() - column);
  }
};

IgemmF32 block_args(const ConvF32& conv, const Block& block, bool any_order) {
  const ConvGeometry& g = conv.geometry;
  const size_t n = g.group_out(), at = block.group * n + block.column;
  IgemmF32 args;
  args.k = g.group_in();
  args.panel_step = kPanelF32 * g.taps() * g.group_in();
  args.weights = conv.weights + block.group * packed_weights_f32_size(n, g.taps(), g.group_in()) + block.column / kPanelF32 * args.panel_step;
  args.bias = conv.bias + block.group * packed_bias_f32_size(n) + block.column;
  args.residual = conv.residual ? conv.residual + block.row * conv.residual_step + at : nullptr;
  args.residual_step = conv.residual_step;
  args.output = conv.output + block.row * conv.output_step + at;
  args.output_step = conv.output_step;
  args.clamp = conv.clamp;
  args.any_order = any_order;
  return args;
}

// More taps than pointers: slices of taps, each of which adds to what the output holds.
void run_slices(const ConvF32& conv, const Block& block, IgemmF32 args) {
  const ConvGeometry& g = conv.geometry;
  const IgemmF32Fn igemm = pick_igemm_f32();
  const void* pointers[kPointers];
  args.rows = reinterpret_cast<const float* const*>(pointers);
  alignas(64) static constexpr float kNoBias[kPanelF32 * 2] = {};
  const size_t slice = at_most(g.taps(), kPointers / kTileUnit);
  for (size_t begin = 0; begin < g.taps(); begin += slice) {
    const TapRange taps{begin, at_most(begin + slice, g.taps())};
    const bool last = taps.end == g.taps();
    args.taps = args.row_step = taps.size();
    args.clamp = last ? conv.clamp : ClampF32{};
    tap_pointers(g, conv.input + block.group * g.group_in(), conv.input_step * sizeof(float), conv.zeros, taps, block.row, block.rows, pointers);
    if (begin == 0) {
      igemm(block.rows, block.columns, args);
    } else {
      for (size_t column = 0; column < block.columns; column += 2 * kPanelF32) {
        IgemmF32 part = args;
        part.weights += column / kPanelF32 * args.panel_step;
        part.bias = kNoBias;
        part.output += column;
        part.residual = part.output;
        part.residual_step = args.output_step;
        igemm(block.rows, at_most(2 * kPanelF32, block.columns - column), part);
      }
    }
    args.weights += taps.size() * args.k * kPanelF32;
  }
}

// Makes for each output pixel and kernel row one pointer to kernel_w * in_c floats, in the input where it lies inside, else in `patches`.
class MergedPointers {
 public:
  MergedPointers(const ConvF32& conv, float* patches, const float** pointers) : conv_(conv), g_(conv.geometry), patches_(patches), pointers_(pointers) {}

  void make(size_t first, size_t pixels) {
    const size_t width = static_cast<size_t>(g_.out_w), height = static_cast<size_t>(g_.out_h), kernel_h = static_cast<size_t>(g_.kernel_h);
    for (size_t done = 0; done < pixels;) {
      const size_t pixel = first + done, x = pixel % width, count = at_most(pixels - done, width - x);
      const int32_t b = static_cast<int32_t>(pixel / width / height), top = static_cast<int32_t>(pixel / width % height) * g_.stride_h - g_.pad_top;
      for (size_t ky = 0; ky < kernel_h; ++ky)
        add_row(b, top + static_cast<int32_t>(ky) * g_.dilation_h, static_cast<int32_t>(x), count, pointers_ + done * kernel_h + ky);
      done += count;
    }
  }

 private:
  // One kernel row of `count` neighbouring output pixels from x on, which sees input row iy.
  void add_row(int32_t b, int32_t iy, int32_t x, size_t count, const float** to) {
    const bool some = iy >= 0 && iy < g_.in_h;
    const float* row = conv_.input + (some ? static_cast<size_t>(b * g_.in_h + iy) * static_cast<size_t>(g_.in_w) * channels_ : 0);
    const float** end = to + count * static_cast<size_t>(g_.kernel_h);
    if (!some) return fill(to, end, kZeros, 0);
    int32_t left = x * g_.stride_w - g_.pad_left;
    const auto patches_while = [&](auto outside) {
      for (; to < end && outside(); to += g_.kernel_h, left += g_.stride_w) *to = patch(row, left);
    };
    patches_while([&] { return left < 0; });
    const int32_t room = g_.in_w - g_.kernel_w - left;
    const size_t inside = room < 0 ? 0 : at_most(static_cast<size_t>(room / g_.stride_w) + 1, static_cast<size_t>(end - to) / static_cast<size_t>(g_.kernel_h));
    const float** next = to + inside * static_cast<size_t>(g_.kernel_h);
    if (inside > 0) fill(to, next, row + static_cast<size_t>(left) * channels_, static_cast<size_t>(g_.stride_w) * channels_);
    to = next, left += static_cast<int32_t>(inside) * g_.stride_w;
    patches_while([] { return true; });
  }

  void fill(const float** to, const float** end, const float* first, size_t step) const {
    const auto stride = g_.kernel_h;
    for (; to < end; to += stride, first += step) *to = first;
  }

  // A run of zeros with those pixels of `row` that lie inside.
  const float* patch(const float* row, int32_t left) {
    const int32_t from = left < 0 ? 0 : left, to = left + g_.kernel_w > g_.in_w ? g_.in_w : left + g_.kernel_w;
    if (from >= to) return kZeros;
    float* run = patches_;
    patches_ += static_cast<size_t>(g_.kernel_w) * channels_;
    std::memset(run, 0, static_cast<size_t>(g_.kernel_w) * channels_ * sizeof(float));
    std::memcpy(run + static_cast<size_t>(from - left) * channels_, row + static_cast<size_t>(from) * channels_,
                static_cast<size_t>(to - from) * channels_ * sizeof(float));
    return run;
  }

  static constexpr float kZeros[kMergedFloats] = {};
  const ConvF32& conv_;
  const ConvGeometry& g_;
  float* patches_;
  const float** pointers_;
  size_t channels_ = static_cast<size_t>(g_.in_c);
};

// A part of a block: outputs [first, first + pixels).
IgemmF32 args_from(const Block& block, IgemmF32 args, size_t first) {
  args.output += (first - block.row) * args.output_step;
  if (args.residual) args.residual += (first - block.row) * args.residual_step;
  return args;
}

void run_by_pointers(const ConvF32& conv, const Block& block, const IgemmF32& all, size_t first, size_t pixels) {
  const float* pointers[kPointers];
  alignas(64) float patches[kPatchFloats];
  if (pixels == 0) return;
  MergedPointers(conv, patches, pointers).make(first, pixels);
  IgemmF32 args = args_from(block, all, first);
  args.rows = pointers;
  args.row_step = args.taps;
  pick_igemm_f32()(pixels, block.columns, args);
}

// Neighbours in a line whose windows lie inside the input: their rows of taps are evenly spaced.
void run_evenly(const ConvF32& conv, const Block& block, const IgemmF32& all, size_t first, size_t pixels, IgemmF32Fn igemm) {
  const ConvGeometry& g = conv.geometry;
  const size_t width = static_cast<size_t>(g.out_w), height = static_cast<size_t>(g.out_h), line = static_cast<size_t>(g.in_w) * conv.input_step;
  const size_t y = first / width % height * static_cast<size_t>(g.stride_h) - static_cast<size_t>(g.pad_top);
  const size_t x = first % width * static_cast<size_t>(g.stride_w) - static_cast<size_t>(g.pad_left);
  const float* rows[kMergedFloats];
  for (size_t ky = 0; ky < all.taps; ++ky)
    rows[ky] = conv.input + (first / width / height * static_cast<size_t>(g.in_h) + y + ky * static_cast<size_t>(g.dilation_h)) * line + x * conv.input_step;
  IgemmF32 args = args_from(block, all, first);
  args.rows = rows;
  args.row_gap = static_cast<size_t>(g.stride_w) * conv.input_step;
  igemm(pixels, block.columns, args);
}

// Line by line: what meets padding through pointers, the rest evenly spaced.
void run_merged_lines(const ConvF32& conv, const Block& block, const IgemmF32& args, IgemmF32Fn igemm) {
  const ConvGeometry& g = conv.geometry;
  const size_t width = static_cast<size_t>(g.out_w), end = block.row + block.rows;
  int32_t begin = 0, past = g.out_w;
  while (begin < past && begin * g.stride_w < g.pad_left) ++begin;
  while (past > begin && (past - 1) * g.stride_w - g.pad_left + g.kernel_w > g.in_w) --past;
  for (size_t first = block.row; first < end;) {
    const size_t line = first / width * width, last = at_most(end, line + width);
    const int32_t top = static_cast<int32_t>(first / width) % g.out_h * g.stride_h - g.pad_top;
    const bool inside = top >= 0 && top + (g.kernel_h - 1) * g.dilation_h < g.in_h;
    const size_t from = inside ? at_most(last, at_least(first, line + static_cast<size_t>(begin))) : last;
    const size_t to = at_least(from, at_most(last, line + static_cast<size_t>(past)));
    run_by_pointers(conv, block, args, first, from - first);
    if (from < to) run_evenly(conv, block, args, from, to - from, igemm);
    run_by_pointers(conv, block, args, to, last - to);
    first = last;
  }
}

void run_merged(const ConvF32& conv, const Block& block, IgemmF32 args) {
  const ConvGeometry& g = conv.geometry;
  args.taps = static_cast<size_t>(g.kernel_h);
  args.k = static_cast<size_t>(g.kernel_w) * static_cast<size_t>(g.in_c);
  const bool short_lines = static_cast<size_t>(g.out_w) < kRowUnit;
  const IgemmF32Fn even = args.any_order || short_lines || args.taps > kMergedFloats ? nullptr : pick_igemm_even_f32();
  if (even) return run_merged_lines(conv, block, args, even);
  run_by_pointers(conv, block, args, block.row, block.rows);
}

// Of few channels, for which the ends of a tile count.
IgemmF32Fn pick_even_rows(const ConvGeometry& g, bool any_order) {
  return g.pointwise() && !any_order && g.group_in() <= (g.group_out() > kPanelF32 ? 32 : 16) ? pick_igemm_even_f32() : nullptr;
}

void run_even_rows(const ConvF32& conv, const Block& block, IgemmF32 args, IgemmF32Fn igemm) {
  const float* row = conv.input + block.row * conv.input_step + block.group * args.k;
  args.rows = &row;
  args.row_gap = conv.input_step;
  igemm(block.rows, block.columns, args);
}

void activate(const ConvF32& conv, const Block& block, float* y) {
  if (block.columns == conv.output_step) return conv.activation(block.rows * block.columns, y, y, conv.activation_params);
  for (size_t i = 0; i < block.rows; ++i, y += conv.output_step) conv.activation(block.columns, y, y, conv.activation_params);
}

}  // namespace

void add_conv_f32_ways(const ConvGeometry& g, bool any_order, WayList& ways) {
  if (any_order && fits_any_order(g)) ways.add(any_order_pays(g) ? Algorithm::kVectors : Algorithm::kTiles);
  ways.add_blocks([&](int8_t by) { return Split({.geometry = g, .any_order = any_order}, 1, {Algorithm::kUsual, by}).blocks(g); });
}

size_t conv_f32_blocks(const ConvF32& conv, int threads) { return Split(conv, threads).blocks(conv.geometry); }

void conv_f32_block(const ConvF32& conv, int threads, size_t index) {
  const ConvGeometry& g = conv.geometry;
  const Split split(conv, threads);
  const Block block(g, split, index);
  if (block.rows == 0) return;
  const IgemmF32 args = block_args(conv, block, split.any_order);
  if (can_merge(g) && conv.input_step == static_cast<size_t>(g.in_c)) {
    run_merged(conv, block, args);
  } else if (IgemmF32Fn even = pick_even_rows(g, split.any_order)) {
    run_even_rows(conv, block, args, even);
  } else {
    run_slices(conv, block, args);
  }
  if (conv.activation) activate(conv, block, args.output);
}

}  // namespace verge
