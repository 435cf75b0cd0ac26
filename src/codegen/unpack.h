// Weights out of the panels of 16 output channels that the host's kernels read (docs/program.md).
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/conv_geometry.h"
#include "kernels/requant/requant.h"

namespace verge::codegen {

// [out_c][kernel_h][kernel_w][in_c / groups] from pack_conv_i8's bytes.
std::vector<int8_t> unpack_conv_i8(const ConvGeometry& geometry, bool nibbles, const int8_t* packed);
// [channels][taps] from pack_depthwise_i8's bytes.
std::vector<int8_t> unpack_depthwise_i8(const ConvGeometry& geometry, const int8_t* packed);
// One value an output channel from spread_columns.
template <typename T> std::vector<T> gather_columns(const ConvGeometry& geometry, const T* spread) {
  const size_t n = geometry.group_out();
  std::vector<T> out;
  for (size_t i = 0; i < static_cast<size_t>(geometry.out_c); ++i) out.push_back(spread[i / n * round_up_columns(n) + i % n]);
  return out;
}

}  // namespace verge::codegen
