#include "kernels/winograd/winograd_f32.h"

#include <cstring>

#include "kernels/gemm/pack_f32.h"

namespace verge {
namespace {

constexpr size_t kInputFloats = 192 * 1024;   // of a block's transformed inputs: with the rest they stay in the level 2 cache
constexpr size_t kWeightFloats = 160 * 1024;  // of transformed weights at a time, where 32 columns are not more already
constexpr size_t kProductTiles = 48;          // tiles whose products are made at a time, about
constexpr int32_t kMostChannels = 8192;       // of the input: the scratch of wider ones would not count in 32 bits
constexpr size_t kApart = 16;                 // floats between positions, so that they do not meet in one set of the cache
constexpr size_t kIn = kWinogradIn, kOut = kWinogradOut, kPositions = kWinogradPositions;

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }
size_t at_least(size_t a, size_t b) { return a > b ? a : b; }

size_t tiles_across(const ConvGeometry& g) { return divide_up(static_cast<size_t>(g.out_w), kOut); }
size_t tiles_down(const ConvGeometry& g) { return divide_up(static_cast<size_t>(g.out_h), kOut); }
size_t all_tiles(const ConvGeometry& g) { return static_cast<size_t>(g.batch) * tiles_down(g) * tiles_across(g); }

// How much of a layer is in the caches at a time.
struct Plan {
  size_t channels, tiles, columns;          // inputs; tiles of a block; columns whose weights are transformed together
  size_t product_tiles;                     // whose products are made together
  size_t input_step, weight_step, product_step;  // from a position to the next

  explicit Plan(const ConvGeometry& g) {
    channels = static_cast<size_t>(g.in_c);
    const size_t most = at_least(kProductTiles, kInputFloats / (kPositions * channels));
    tiles = divide_up(all_tiles(g), divide_up(all_tiles(g), most));
    columns = at_most(static_cast<size_t>(g.out_c), at_least(32, kWeightFloats / (kPositions * channels) / 32 * 32));
    input_step = tiles * channels + kApart;
    weight_step = columns * channels + kApart;
    product_tiles = divide_up(tiles, at_least(1, (tiles + kProductTiles / 2) / kProductTiles));
    product_step = product_tiles * columns + kApart;
  }
  size_t patch() const { return kIn * kIn * channels; }
  size_t floats() const { return kPositions * (input_step + weight_step + product_step) + patch(); }
};

struct Work {
  size_t first, tiles, column, columns;
};

struct Split {
  Plan plan;
  EvenBlocks chunks;  // of tiles
  size_t parts;       // of columns

  Split(const ConvGeometry& g, int threads) : plan(g), chunks(all_tiles(g), plan.tiles, cuts_tiles(g) ? threads : 1) {
    const size_t pairs = divide_up(static_cast<size_t>(g.out_c), 32), wanted = threads > 1 ? divide_up(2 * static_cast<size_t>(threads), chunks.size()) : 1;
    parts = cuts_tiles(g) ? 1 : at_most(pairs, wanted);
  }
  // Every chunk of tiles transforms the weights, every part of columns the inputs.
  static bool cuts_tiles(const ConvGeometry& g) {
    const size_t in = static_cast<size_t>(g.in_c), out = static_cast<size_t>(g.out_c);
    return all_tiles(g) * in > in * out;
  }
  Work work(const ConvGeometry& g, size_t block) const {
    const size_t chunk = block / parts, part = block % parts, out = static_cast<size_t>(g.out_c);
    const size_t width = divide_up(divide_up(out, 32), parts) * 32, column = at_most(part * width, out);
    return {chunks.begin(chunk), chunks.end(chunk) - chunks.begin(chunk), column, at_most(width, out - column)};
  }
};

struct TilePlace {
  size_t batch, y, x;  // of its first output

  TilePlace(const ConvGeometry& g, size_t tile)
      : batch(tile / tiles_across(g) / tiles_down(g)), y(tile / tiles_across(g) % tiles_down(g) * kOut), x(tile % tiles_across(g) * kOut) {}
};

// One block: inputs of its tiles once, then for each group of columns the weights, the 36 matrix products and the outputs.
class Runner {
 public:
  Runner(const ConvF32& conv, const Plan& plan, const Work& work, float* scratch) : conv_(conv), g_(conv.geometry), plan_(plan), work_(work) {
    inputs_ = scratch;
    weights_ = inputs_ + kPositions * plan.input_step;
    products_ = weights_ + kPositions * plan.weight_step;
    patch_ = products_ + kPositions * plan.product_step;
  }

  void run() const {
    for (size_t i = 0; i < work_.tiles; ++i) transform_input(i);
    for (size_t column = work_.column; column < work_.column + work_.columns; column += plan_.columns) {
      const size_t columns = at_most(plan_.columns, work_.column + work_.columns - column);
      transform_weights(column, columns);
      for (size_t tile = 0; tile < work_.tiles; tile += plan_.product_tiles) {
        const size_t tiles = at_most(plan_.product_tiles, work_.tiles - tile);
        multiply(tile, tiles, columns);
        for (size_t i = 0; i < tiles; ++i) write_tile(tile + i, products_ + i * columns, column, columns);
      }
    }
  }

 private:
  const float* pixel(size_t batch, int32_t y, int32_t x) const {
    return conv_.input + ((batch * static_cast<size_t>(g_.in_h) + static_cast<size_t>(y)) * static_cast<size_t>(g_.in_w) + static_cast<size_t>(x)) * conv_.input_step;
  }

  void transform_input(size_t i) const {
    const TilePlace place(g_, work_.first + i);
    const int32_t top = static_cast<int32_t>(place.y) - g_.pad_top, left = static_cast<int32_t>(place.x) - g_.pad_left, size = static_cast<int32_t>(kIn);
    const bool whole = top >= 0 && left >= 0 && top + size <= g_.in_h && left + size <= g_.in_w;
    if (!whole) fill_patch(place.batch, top, left);
    const float* rows[kIn];
    for (int32_t r = 0; r < size; ++r) rows[r] = whole ? pixel(place.batch, top + r, left) : patch_ + static_cast<size_t>(r) * kIn * plan_.channels;
    kernel_.input(plan_.channels, rows, whole ? conv_.input_step : plan_.channels, inputs_ + i * plan_.channels, plan_.input_step);
  }

  // The tile's inputs with zeros for what lies outside.
  void fill_patch(size_t batch, int32_t top, int32_t left) const {
    std::memset(patch_, 0, plan_.patch() * sizeof(float));
    for (int32_t r = 0; r < static_cast<int32_t>(kIn); ++r)
      for (int32_t c = 0; c < static_cast<int32_t>(kIn); ++c)
        if (top + r >= 0 && top + r < g_.in_h && left + c >= 0 && left + c < g_.in_w)
          std::memcpy(patch_ + (static_cast<size_t>(r) * kIn + static_cast<size_t>(c)) * plan_.channels, pixel(batch, top + r, left + c), plan_.channels * sizeof(float));
  }

  void transform_weights(size_t column, size_t columns) const {
    const size_t panel_step = plan_.channels * kPanelF32;
    for (size_t j = 0; j < columns; j += kPanelF32)
      kernel_.weights(plan_.channels, conv_.weights + (column + j) / kPanelF32 * 9 * panel_step, weights_ + j / kPanelF32 * panel_step, plan_.weight_step);
  }

  void multiply(size_t tile, size_t tiles, size_t columns) const {
    alignas(64) static constexpr float kNoBias[512] = {};
    const float* rows[2 * kProductTiles];
    IgemmF32 args;
    args.rows = rows;
    args.k = plan_.channels;
    args.panel_step = plan_.channels * kPanelF32;
    args.output_step = columns;
    args.bias = kNoBias;
    for (size_t p = 0; p < kPositions; ++p) {
      for (size_t i = 0; i < tiles; ++i) rows[i] = inputs_ + p * plan_.input_step + (tile + i) * plan_.channels;
      args.weights = weights_ + p * plan_.weight_step;
      args.output = products_ + p * plan_.product_step;
      igemm_(tiles, columns, args);
    }
  }

  void write_tile(size_t i, const float* products, size_t column, size_t columns) const {
    const TilePlace place(g_, work_.first + i);
    const size_t width = static_cast<size_t>(g_.out_w), height = static_cast<size_t>(g_.out_h), pixel = (place.batch * height + place.y) * width + place.x;
    kernel_.output(columns, products, plan_.product_step,
                   {.bias = conv_.bias + column,
                    .residual = conv_.residual ? conv_.residual + pixel * conv_.residual_step + column : nullptr,
                    .output = conv_.output + pixel * conv_.output_step + column,
                    .output_step = conv_.output_step,
                    .output_row = width * conv_.output_step,
                    .residual_step = conv_.residual_step,
                    .residual_row = width * conv_.residual_step,
                    .height = at_most(kOut, height - place.y),
                    .width = at_most(kOut, width - place.x),
                    .clamp = conv_.clamp});
  }

  const ConvF32& conv_;
  const ConvGeometry& g_;
  const Plan& plan_;
  const Work& work_;
  const WinogradF32Kernel& kernel_ = pick_winograd_f32();
  const IgemmF32Fn igemm_ = pick_igemm_f32();
  float *inputs_, *weights_, *products_, *patch_;
};

}  // namespace

bool winograd_f32_fits(const ConvGeometry& g) {
  return g.kernel_h == 3 && g.kernel_w == 3 && g.stride_h == 1 && g.stride_w == 1 && g.dilation_h == 1 && g.dilation_w == 1 && g.groups == 1 && g.in_c % 16 == 0 &&
         g.in_c <= kMostChannels && g.out_c % 16 == 0;
}

bool winograd_f32_pays(const ConvGeometry& g) {
  if (!winograd_f32_fits(g)) return false;
  // Operations on 16 channels: a product is one; a tile's transforms and a column of weights, which goes through memory, were measured on AVX-512.
  const double in = static_cast<double>(g.in_c), out = static_cast<double>(g.out_c), tiles = static_cast<double>(all_tiles(g)), chunks = static_cast<double>(Split(g, 1).chunks.size());
  const double direct = static_cast<double>(g.out_pixels()) * 9 * in * out / 16;
  const double transformed = tiles * (36 * in * out / 16 + 220 * in / 16 + 180 * out / 16) + chunks * 450 * in * out / 16;
  return transformed < 0.75 * direct;
}

size_t winograd_f32_scratch_size(const ConvGeometry& g) { return divide_up(Plan(g).floats(), 16) * 16; }

size_t winograd_f32_blocks(const ConvGeometry& g, int threads) {
  const Split split(g, threads);
  return split.chunks.size() * split.parts;
}

void winograd_f32_block(const ConvF32& conv, int threads, size_t block, float* scratch) {
  const Split split(conv.geometry, threads);
  const Work work = split.work(conv.geometry, block);
  if (work.tiles > 0 && work.columns > 0) Runner(conv, split.plan, work, scratch).run();
}

std::span<const WinogradF32Kernel> winograd_f32_kernels() {
  static constexpr WinogradF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name##_weights, name##_input, name##_output}, )
#include "kernels/winograd/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const WinogradF32Kernel& pick_winograd_f32() {
  static constinit Pick pick;
  return pick.from(winograd_f32_kernels());
}

}  // namespace verge
