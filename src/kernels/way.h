// In which of several ways a layer is computed. Each family has one that it expects to be the fastest, and looks up here whether another was measured to be (`verge tune`). There is
// one table a process, by shape. Integers are the same to the bit in every way; so are floats but where their sums may be made in any order, and sums of bf16.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernels/conv_geometry.h"

namespace verge {

enum class Algorithm : uint8_t {
  kUsual,
  kVectors,  // products in registers where tiles of the processor are usual
  kTiles,    // f32: the other way round
  kDirect,   // sums over the window where Winograd's are usual
  kNarrow,   // depthwise: pixel by pixel where several are usually taken as one of more channels
};

struct Way {
  Algorithm algorithm = Algorithm::kUsual;
  int8_t blocks = 0;  // of the work: 2^blocks times as large as usual
  bool operator==(const Way&) const = default;
};

enum class LayerFamily : uint8_t { kConvF32, kWinogradF32, kConvBf16, kConvI8, kDepthwiseI8 };

inline constexpr size_t kMostWays = 6;
// The usual way and then the others of this processor; returns how many there are. `any_order`: of sums of floats.
size_t layer_ways(LayerFamily family, const ConvGeometry& geometry, bool any_order, Way* ways);

// Never 0, which is an empty slot of a table.
uint64_t layer_key(LayerFamily family, const ConvGeometry& geometry);

// `mask` + 1, a power of two, slots: a key lies at key & mask or in the next that is free. At least one is empty.
struct TunedLayers {
  struct Slot {
    uint64_t key = 0;
    Way way;
  };
  const Slot* slots = nullptr;
  size_t mask = 0;
};

// The table in force from now on, which must live until another is; null: none. Not while another thread runs kernels.
void set_tuned_layers(const TunedLayers* layers);

namespace detail {
extern std::atomic<const TunedLayers*> tuned_layers;
Way look_up(const TunedLayers& layers, LayerFamily family, const ConvGeometry& geometry);
}  // namespace detail

inline Way tuned_way(LayerFamily family, const ConvGeometry& geometry) {
  const TunedLayers* layers = detail::tuned_layers.load(std::memory_order_acquire);
  return layers ? detail::look_up(*layers, family, geometry) : Way{};
}

}  // namespace verge
