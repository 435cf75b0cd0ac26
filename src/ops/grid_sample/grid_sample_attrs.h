// y[n, c, o...] = x[n, c, ...] interpolated at the point grid[n, o..., :], whose coordinates name the last axis first and run from -1 to 1 over the input.
// x: [n, c, d1..dk], grid: [n, o..., k], y: [n, c, o...], f32, k from 1 to 3.
#pragma once
#include <cstdint>

namespace verge::exec {

enum class GridMode : uint32_t { kNearest, kLinear, kCubic, kCount };
enum class GridPadding : uint32_t { kZeros, kBorder, kReflection, kCount };

struct GridSampleAttrs {
  uint32_t mode = 0;
  uint32_t padding = 0;
  uint32_t align_corners = 0;  // 1: -1 and 1 are the centres of the outermost elements, not their outer edges
};

inline constexpr int kMostGridAxes = 3;

}  // namespace verge::exec
