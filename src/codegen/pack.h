// Weights in the order in which the C kernels read them, as the text of C arrays.
#pragma once
#include <string>

#include "codegen/family.h"

namespace verge::codegen {

// A constant array: its C definition, and the bytes that it takes in flash.
struct ConstArray {
  std::string text;
  int64_t bytes = 0;
};

ConstArray weights_array(Family family, const Layer& layer, const std::string& name);
// Two words a channel: the multiplier, and bias * 32 + shift.
ConstArray channels_array(Family family, const Layer& layer, const std::string& name);
// Of vg_lanes_conv.
ConstArray lanes_weights_array(const Layer& layer, const std::string& name);
ConstArray lanes_numbers_array(const Layer& layer, const std::string& name);
// For mve, of each four channels: biases, multipliers, negative shifts.
ConstArray fours_array(const Layer& layer, const std::string& name);
// For mve: where a strip of rows with their padding holds the bytes of its first window.
ConstArray strip_places_array(Family family, const Layer& layer, const std::string& name);
ConstArray bias_array(Family family, const Layer& layer, const std::string& name);
ConstArray constant_array(const Constant& constant, const std::string& name);
ConstArray table_array(const std::vector<int32_t>& table, const std::string& name);

// As kernels want a multiplier in [2^30, 2^31): twice, without the highest bit (src/codegen/kernels/base.c).
uint32_t kernel_multiplier(int32_t multiplier);

}  // namespace verge::codegen
