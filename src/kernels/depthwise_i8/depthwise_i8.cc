#include "kernels/depthwise_i8/depthwise_i8.h"

#include <cstring>

#include "kernels/requant/vector_scalar.h"

#include "kernels/depthwise_i8/generic.h"
#include "kernels/depthwise_i8/wide.h"
#include "kernels/way_candidates.h"

namespace verge {
namespace {

constexpr Kernel<DepthwiseI8Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/depthwise_i8/kernels.inc"
#undef VERGE_KERNEL
};

struct Lanes {
  static constexpr size_t kChannels = 16;
  struct Wide {
    int16_t lane[16];
  };
  struct Pair {
    Wide a, b;
  };
  using Acc = I32x16;

  static Wide load(const uint8_t* p, size_t n, uint8_t flip) {
    return each16<Wide>([=](int i) { return static_cast<size_t>(i) < n ? static_cast<int8_t>(p[i] ^ flip) : 0; });
  }
  static Wide none() { return {}; }
  static Wide weights(const int8_t* w, const int32_t* zero) {
    return each16<Wide>([=](int i) { return static_cast<int16_t>(w[i] - (zero ? zero[i] : 0)); });
  }
  static Pair pair(const Wide& a, const Wide& b) { return {a, b}; }
  static Acc zero() { return splat16(0); }
  static Acc add(const Acc& acc, const Pair& x, const Pair& w) {
    return each16<Acc>([&](int i) { return acc.lane[i] + x.a.lane[i] * w.a.lane[i] + x.b.lane[i] * w.b.lane[i]; });
  }
  static I32x16 sums(const Acc& acc, int) { return acc; }
};

constexpr size_t kPointers = 2048;         // on the stack of a block
constexpr size_t kMostPixels = 96;         // of one call: what several runs of channels read should stay in the level 1 cache
constexpr size_t kBlockMacs = 256 * 1024;  // below this a block is not worth a thread's while
constexpr size_t kMostBlocks = 16;

size_t at_least(size_t a, size_t b) { return a > b ? a : b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

bool is_plain(const ConvGeometry& g) { return g.in_c == g.out_c && g.taps() <= kDepthwiseI8Taps; }

void* output_at(const DepthwiseI8& conv, size_t pixel) {
  return static_cast<uint8_t*>(conv.output) + pixel * conv.output_step * (conv.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1);
}

void run_plain(const DepthwiseI8& conv, size_t first, size_t last) {
  const void* pointers[kPointers];
  const TapRange taps{0, conv.geometry.taps()};
  const size_t near = scaled(kMostPixels, tuned_way(LayerFamily::kDepthwiseI8, conv.geometry).blocks), most = at_most(near, kPointers / taps.end);
  for (size_t i = first; i < last; i += most) {
    const size_t pixels = at_most(most, last - i);
    tap_pointers(conv.geometry, conv.input, conv.input_step, conv.padding, taps, i, pixels, pointers);
    pick_depthwise_i8()(conv, {pointers, pixels, output_at(conv, i)});
  }
}

// sums[j] of channels first + j of one pixel, taps in slices.
void add_taps(const DepthwiseI8& conv, size_t pixel, size_t first, size_t n, int32_t* sums) {
  const void* pointers[kPointers];
  const ConvGeometry& g = conv.geometry;
  const size_t multiplier = static_cast<size_t>(g.out_c / g.in_c), step = round_up_columns(static_cast<size_t>(g.out_c));
  for (TapRange taps{0, 0}; taps.end < g.taps(); taps.begin = taps.end) {
    taps.end = at_most(taps.begin + kPointers, g.taps());
    tap_pointers(g, conv.input, conv.input_step, conv.padding, taps, pixel, 1, pointers);
    for (size_t t = 0; t < taps.size(); ++t)
      for (size_t j = 0; j < n; ++j) {
        const size_t o = first + j;
        const int32_t x = static_cast<int8_t>(static_cast<const uint8_t*>(pointers[t])[o / multiplier] ^ (conv.x_unsigned ? 0x80 : 0));
        sums[j] += x * (conv.weights[(taps.begin + t) * step + o] - (conv.weight_zero_point ? conv.weight_zero_point[o] : 0));
      }
  }
}

void run_general(const DepthwiseI8& conv, size_t first, size_t last) {
  constexpr size_t kRun = 64;
  const size_t channels = static_cast<size_t>(conv.geometry.out_c);
  for (size_t i = first; i < last; ++i)
    for (size_t c = 0; c < channels; c += kRun) {
      const size_t n = at_most(kRun, channels - c);
      int32_t sums[kRun];
      std::memcpy(sums, conv.bias + c, n * sizeof(int32_t));
      add_taps(conv, i, c, n, sums);
      if (conv.requant.mode == RequantMode::kNone) {
        std::memcpy(static_cast<int32_t*>(output_at(conv, i)) + c, sums, n * sizeof(int32_t));
      } else {
        pick_requant()(1, n, sums, n, from_column(conv.requant, c), static_cast<uint8_t*>(output_at(conv, i)) + c, 0);
      }
    }
}

}  // namespace

std::span<const Kernel<DepthwiseI8Fn>> depthwise_i8_kernels() { return kList; }

DepthwiseI8Fn pick_depthwise_i8() {
  static constinit Pick pick;
  return pick.from(depthwise_i8_kernels()).fn;
}

void depthwise_i8_scalar(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) { run_depthwise<Lanes>(conv, pixels); }

void pack_depthwise_i8(const ConvGeometry& g, const int8_t* w, size_t tap_step, size_t channel_step, int8_t* packed) {
  const size_t channels = static_cast<size_t>(g.out_c), step = round_up_columns(channels);
  for (size_t t = 0; t < g.taps(); ++t)
    for (size_t o = 0; o < step; ++o) packed[t * step + o] = o < channels ? w[t * tap_step + o * channel_step] : int8_t{0};
}

void fold_depthwise_i8(const ConvGeometry& g, const int8_t* packed, const int32_t* bias, int32_t x_zero_point, const int32_t* w_zero_point,
                       int32_t* bias_folded) {
  const size_t channels = static_cast<size_t>(g.out_c), step = round_up_columns(channels);
  for (size_t o = 0; o < step; ++o) {
    int64_t sum = 0;
    for (size_t t = 0; o < channels && t < g.taps(); ++t) sum += packed[t * step + o] - (w_zero_point ? w_zero_point[o] : 0);
    bias_folded[o] = wrap((bias && o < channels ? bias[o] : 0) - x_zero_point * sum);
  }
}

void add_depthwise_i8_ways(const ConvGeometry& g, WayList& ways) {
  const size_t channels = static_cast<size_t>(g.in_c);
  if (depthwise_i8_is_wide({.geometry = g, .input_step = channels, .output_step = channels})) return ways.add(Algorithm::kNarrow);
  if (is_plain(g)) ways.add_blocks([](int8_t by) { return by; });
}

size_t depthwise_i8_blocks(const ConvGeometry& g) {
  const size_t macs = g.out_pixels() * static_cast<size_t>(g.out_c) * g.taps();
  return at_least(1, at_most(at_most(kMostBlocks, g.out_pixels()), macs / kBlockMacs));
}

void depthwise_i8_block(const DepthwiseI8& conv, size_t block) {
  const size_t blocks = depthwise_i8_blocks(conv.geometry), pixels = conv.geometry.out_pixels();
  const size_t first = pixels * block / blocks, last = pixels * (block + 1) / blocks;
  if (depthwise_i8_is_wide(conv) && tuned_way(LayerFamily::kDepthwiseI8, conv.geometry).algorithm != Algorithm::kNarrow) return run_depthwise_i8_wide(conv, first, last, run_plain);
  (is_plain(conv.geometry) ? run_plain : run_general)(conv, first, last);
}

}  // namespace verge
