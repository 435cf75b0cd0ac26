// Resampling of one axis, or of two neighbours at once, by tables made at lowering. Other axes stay.
//
//   nearest            inputs x, y_index, x_index             any whole-byte type
//   weighted, f32      inputs x, y_first, y_weights, x_first, x_weights; scratch for kResizeParts parts
//   weighted, i8, u8   the same with integer weights in units of 1 / kResizeOne; y = sum / kResizeOne^2, half away from zero
//
// Output i of an axis is the sum over t < taps of weights[i * taps + t] * input first[i] + t. A single axis has x tables of one entry that keep it.
#pragma once
#include <cstdint>

namespace verge::exec {

struct ResizeAttrs {
  int32_t axis = 0;
  uint32_t pair = 0;     // 1: axis and axis + 1
  uint32_t nearest = 0;  // 1: index tables
  int32_t y_taps = 0, x_taps = 0;
};

inline constexpr int kResizeParts = 4;
inline constexpr int32_t kResizeOne = 1024;
inline constexpr int32_t kMostResizeTaps = 4096;      // integer forms: these two keep sums within int64
inline constexpr int32_t kMostResizeWeight = 1 << 15;

}  // namespace verge::exec
