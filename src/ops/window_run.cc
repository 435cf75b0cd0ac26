#include "ops/window_attrs.h"

namespace verge::exec {
namespace {

// A gradient's window may have negative padding: it begins inside the picture.
constexpr int32_t kMostKernel = 1 << 14, kMostStride = 1 << 14, kMostPad = 1 << 28;
constexpr int64_t kMostExtent = 1 << 28;  // of a position in the input, padding included
constexpr int64_t kMostPixels = INT32_MAX, kMostTapBytes = INT32_MAX;
constexpr int32_t kMostChannels = 1 << 26;

bool within(int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; }

bool axis_fits(int32_t kernel, int32_t stride, int32_t dilation, int32_t pad, int32_t in, int32_t out) {
  return within(kernel, 1, kMostKernel) && within(stride, 1, kMostStride) && dilation >= 1 && within(pad, -kMostPad, kMostPad) && in >= 1 && out >= 1 &&
         in <= kMostExtent && int64_t{out} * stride <= kMostExtent && int64_t{kernel} * dilation <= kMostExtent;
}

}  // namespace

ConvGeometry make_geometry(const WindowAttrs& window, int32_t groups, const Shape& x, const Shape& y) {
  return {.batch = x[0], .in_h = x[1], .in_w = x[2], .in_c = x[3], .out_h = y[1], .out_w = y[2], .out_c = y[3],
          .kernel_h = window.kernel_h, .kernel_w = window.kernel_w, .stride_h = window.stride_h, .stride_w = window.stride_w,
          .dilation_h = window.dilation_h, .dilation_w = window.dilation_w, .pad_top = window.pad_top, .pad_left = window.pad_left, .groups = groups};
}

Status check_geometry(const WindowAttrs& w, int32_t groups, const Shape& x, const Shape& y) {
  VERGE_REQUIRE(x.rank == 4 && y.rank == 4 && x[0] == y[0] && x[0] >= 1, Code::kCorrupt);
  VERGE_REQUIRE(axis_fits(w.kernel_h, w.stride_h, w.dilation_h, w.pad_top, x[1], y[1]), Code::kCorrupt);
  VERGE_REQUIRE(axis_fits(w.kernel_w, w.stride_w, w.dilation_w, w.pad_left, x[2], y[2]), Code::kCorrupt);
  VERGE_REQUIRE(groups >= 1 && x[3] >= 1 && y[3] >= 1 && x[3] % groups == 0 && y[3] % groups == 0, Code::kCorrupt);
  VERGE_REQUIRE(x.count(0, 3) <= kMostPixels && y.count(0, 3) <= kMostPixels, Code::kCorrupt);
  VERGE_REQUIRE(x[3] <= kMostChannels && y[3] <= kMostChannels && (int64_t{w.kernel_h} * w.kernel_w) <= kMostTapBytes / x[3], Code::kCorrupt);
  return {};
}

Status check_end_padding(int32_t bottom, int32_t right) {
  VERGE_REQUIRE(within(bottom, 0, kMostPad) && within(right, 0, kMostPad), Code::kCorrupt);
  return {};
}

}  // namespace verge::exec
