// What layer_ways() asks the families, whose .cc files have the answers.
#pragma once
#include "kernels/way.h"

namespace verge {

class WayList {
 public:
  explicit WayList(Way* ways) : ways_(ways) { put({}); }
  void add(Algorithm algorithm) { put({algorithm, 0}); }
  // Blocks of half and of twice the size; `blocks(by)` tells where that cuts the work otherwise than blocks(0).
  template <typename Blocks> void add_blocks(const Blocks& blocks) {
    for (int8_t by = -1; by <= 1; by = static_cast<int8_t>(by + 2))
      if (blocks(by) != blocks(0)) put({Algorithm::kUsual, by});
  }
  size_t count() const { return count_; }

 private:
  void put(Way way) {
    if (count_ < kMostWays) ways_[count_++] = way;
  }
  Way* ways_;
  size_t count_ = 0;
};

void add_conv_f32_ways(const ConvGeometry& geometry, bool any_order, WayList& ways);
void add_conv_bf16_ways(const ConvGeometry& geometry, WayList& ways);
void add_conv_i8_ways(const ConvGeometry& geometry, WayList& ways);
void add_depthwise_i8_ways(const ConvGeometry& geometry, WayList& ways);

// `size` 2^by times.
inline size_t scaled(size_t size, int8_t by) { return by < 0 ? size >> -by : size << by; }

}  // namespace verge
