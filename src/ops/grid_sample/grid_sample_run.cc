#include <cmath>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/grid_sample/grid_sample_attrs.h"

namespace verge::exec {
namespace {

constexpr int kTaps = 4;
constexpr float kFar = 1 << 24;  // coordinates beyond are no better than this one

// What one axis adds up: weight[i] times element place[i]; a place of -1 is zero.
struct AxisTaps {
  int count = 0;
  int32_t place[kTaps] = {};
  float weight[kTaps] = {};
};

// x folded back at `low` and `high` until it lies between.
float reflected(float x, float low, float high) {
  const float range = high - low;
  if (!(range > 0)) return low;
  if (x >= low && x <= high) return x;
  const float beyond = x < low ? low - x : x - high, turns = std::floor(beyond / range), rest = beyond - turns * range;
  const bool turned = std::fmod(turns, 2.0f) != 0;
  return (x < low) != turned ? low + rest : high - rest;
}

struct Axis {
  int32_t size;
  GridPadding padding;
  bool align;

  float low() const { return align ? 0.0f : -0.5f; }
  float high() const { return static_cast<float>(size) - (align ? 1.0f : 0.5f); }
  float place(float g) const {
    const float n = static_cast<float>(size), x = align ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
    return !(x > -kFar) ? -kFar : x > kFar ? kFar : x;
  }
  float padded(float x) const {
    if (x >= low() && x <= high()) return x;
    if (padding == GridPadding::kBorder) return x < 0 ? 0 : static_cast<float>(size - 1);
    return padding == GridPadding::kReflection ? reflected(x, low(), high()) : x;
  }
  int32_t element(int32_t i) const {
    if (i >= 0 && i < size) return i;
    if (padding == GridPadding::kZeros) return -1;
    if (padding == GridPadding::kReflection) i = static_cast<int32_t>(reflected(static_cast<float>(i), low(), high()));
    return i < 0 ? 0 : i >= size ? size - 1 : i;
  }
};

// Keys' kernel with a = -0.75.
float cubic(float d) {
  constexpr float a = -0.75f;
  d = std::fabs(d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

AxisTaps taps_at(GridMode mode, const Axis& axis, float g) {
  AxisTaps taps;
  float x = axis.place(g);
  if (mode == GridMode::kNearest) x = std::nearbyint(x);
  x = axis.padded(x);
  const int32_t first = static_cast<int32_t>(std::floor(x)) - (mode == GridMode::kCubic ? 1 : 0);
  taps.count = mode == GridMode::kNearest ? 1 : mode == GridMode::kLinear ? 2 : kTaps;
  for (int t = 0; t < taps.count; ++t) {
    const float d = x - static_cast<float>(first + t);
    taps.place[t] = axis.element(first + t);
    taps.weight[t] = mode == GridMode::kNearest ? 1 : mode == GridMode::kLinear ? 1 - std::fabs(d) : cubic(d);
  }
  return taps;
}

// The taps of all axes multiplied out: at most 4^3 elements of one channel.
struct PointTaps {
  int count = 0;
  int64_t place[kTaps * kTaps * kTaps] = {};
  float weight[kTaps * kTaps * kTaps] = {};
};

void multiply(PointTaps& point, const AxisTaps& axis, int32_t size) {
  PointTaps out;
  for (int i = 0; i < point.count; ++i)
    for (int t = 0; t < axis.count; ++t) {
      if (axis.place[t] < 0) continue;
      out.place[out.count] = point.place[i] * size + axis.place[t];
      out.weight[out.count++] = point.weight[i] * axis.weight[t];
    }
  point = out;
}

PointTaps point_taps(const GridSampleAttrs& a, const Shape& x, const float* grid) {
  PointTaps point;
  point.count = 1;
  point.weight[0] = 1;
  const int axes = x.rank - 2;
  for (int d = 0; d < axes; ++d) {
    const Axis axis{x[2 + d], static_cast<GridPadding>(a.padding), a.align_corners != 0};
    multiply(point, taps_at(static_cast<GridMode>(a.mode), axis, grid[axes - 1 - d]), axis.size);
  }
  return point;
}

bool shapes_fit(const Shape& x, const Shape& grid, const Shape& y) {
  const int axes = x.rank - 2;
  if (axes < 1 || axes > kMostGridAxes || grid.rank != x.rank || y.rank != x.rank || grid.back(0) != axes) return false;
  if (grid[0] != x[0] || y[0] != x[0] || y[1] != x[1]) return false;
  for (int d = 0; d < axes; ++d)
    if (y[2 + d] != grid[1 + d] || x[2 + d] < 1 || x[2 + d] > (1 << 24)) return false;
  return true;
}

}  // namespace

Status check_grid_sample_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<GridSampleAttrs>();
  VERGE_REQUIRE(a && a->mode < static_cast<uint32_t>(GridMode::kCount) && a->padding < static_cast<uint32_t>(GridPadding::kCount) && a->align_corners <= 1, Code::kCorrupt);
  VERGE_REQUIRE(arity(in, 2, 1) && is_type(in.in(0), DataType::kF32) && is_type(in.in(1), DataType::kF32) && is_type(in.out(), DataType::kF32), Code::kCorrupt);
  VERGE_REQUIRE(shapes_fit(in.in(0).shape, in.in(1).shape, in.out().shape), Code::kCorrupt);
  return {};
}

Status run_grid_sample_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<GridSampleAttrs>();
  const Shape &x = in.in(0).shape, &y = in.out().shape;
  const auto points = static_cast<size_t>(y.count(2, y.rank)), channels = static_cast<size_t>(y[1]), plane = static_cast<size_t>(x.count(2, x.rank));
  const auto axes = static_cast<size_t>(x.rank - 2);
  if (points == 0 || y[0] == 0) return {};
  for_blocks(env, static_cast<size_t>(y[0]) * points, items_per_block(channels * kTaps), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const PointTaps taps = point_taps(a, x, in.in(1).as<float>() + i * axes);
      for (size_t c = 0; c < channels; ++c) {
        const size_t image = i / points * channels + c;
        const float* from = in.in(0).as<float>() + image * plane;
        float sum = 0;
        for (int t = 0; t < taps.count; ++t) sum += taps.weight[t] * from[taps.place[t]];
        in.out().mut<float>()[image * points + i % points] = sum;
      }
    }
  });
  return {};
}

}  // namespace verge::exec
