#include "kernels/way.h"

#include <cstring>

#include "kernels/way_candidates.h"

namespace verge {
namespace detail {

std::atomic<const TunedLayers*> tuned_layers{nullptr};

Way look_up(const TunedLayers& layers, LayerFamily family, const ConvGeometry& geometry) {
  const uint64_t key = layer_key(family, geometry);
  for (size_t at = key & layers.mask;; at = (at + 1) & layers.mask) {
    if (layers.slots[at].key == key) return layers.slots[at].way;
    if (layers.slots[at].key == 0) return {};
  }
}

}  // namespace detail

uint64_t layer_key(LayerFamily family, const ConvGeometry& geometry) {
  constexpr size_t kWords = sizeof(ConvGeometry) / sizeof(uint64_t);
  static_assert(sizeof(ConvGeometry) == 16 * sizeof(int32_t));
  uint64_t words[kWords], key = static_cast<uint64_t>(family) + 1;
  std::memcpy(words, &geometry, sizeof words);
  for (const uint64_t word : words) {
    key = (key ^ word) * 0x9e3779b97f4a7c15u;
    key ^= key >> 32;
  }
  return key == 0 ? 1 : key;
}

void set_tuned_layers(const TunedLayers* layers) { detail::tuned_layers.store(layers, std::memory_order_release); }

size_t layer_ways(LayerFamily family, const ConvGeometry& g, bool any_order, Way* ways) {
  WayList list(ways);
  switch (family) {
    case LayerFamily::kConvF32: add_conv_f32_ways(g, any_order, list); break;
    case LayerFamily::kWinogradF32: list.add(Algorithm::kDirect); break;
    case LayerFamily::kConvBf16: add_conv_bf16_ways(g, list); break;
    case LayerFamily::kConvI8: add_conv_i8_ways(g, list); break;
    case LayerFamily::kDepthwiseI8: add_depthwise_i8_ways(g, list); break;
  }
  return list.count();
}

}  // namespace verge
