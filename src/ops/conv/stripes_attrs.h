// stripes_f32   several convolutions over one picture, one after the other, by stripes of lines: what lies between them never leaves the cache
//
//   in: x [1, h, w, c], then weights and bias of each step as conv_f32 and depthwise_f32 take them, then perhaps a residual of y; out: y
//   scratch: stripes_bytes() a thread
//
// Each step keeps those lines of its output that the next one reads and has not read for the last time. Sums are made in the fixed order.
#pragma once
#include <cstdint>

#include "base/shape.h"
#include "kernels/elementwise/unary_f32.h"
#include "ops/window_attrs.h"

namespace verge::exec {

inline constexpr int32_t kMostStripeSteps = 12;
inline constexpr int32_t kNoFunction = -1;

struct StripeStep {
  WindowAttrs window;
  int32_t groups = 1;
  int32_t depthwise = 0;
  float clamp_min = 0, clamp_max = 0;
  int32_t out_h = 1, out_w = 1, out_c = 1;
  int32_t function = kNoFunction;  // of kernels/elementwise/unary.inc, behind the clamp
  float a = 0, b = 0;
};

struct StripesF32Attrs {
  int32_t steps = 0;
  int32_t lines = 1;  // of y in a stripe
  StripeStep step[kMostStripeSteps];
};

struct LineRange {
  int32_t begin, end;
  int32_t size() const { return end - begin; }
};

// Lines of a step's input, of `in_h`, that lines `out` of its output see.
inline LineRange lines_seen(const StripeStep& s, int32_t in_h, LineRange out) {
  const int32_t begin = out.begin * s.window.stride_h - s.window.pad_top, end = (out.end - 1) * s.window.stride_h - s.window.pad_top + (s.window.kernel_h - 1) * s.window.dilation_h + 1;
  return {begin < 0 ? 0 : begin, end > in_h ? in_h : end};
}

// Floats that a step's output takes while stripes of `lines` lines of y pass, for each step but the last; and of a pixel of zeros, at [steps - 1].
inline void stripe_floats(const StripesF32Attrs& a, int32_t in_c, int64_t (&floats)[kMostStripeSteps]) {
  int64_t lines = a.lines, channels = in_c;
  for (int32_t i = a.steps - 1; i > 0; --i) {
    const WindowAttrs& w = a.step[i].window;
    const StripeStep& before = a.step[i - 1];
    lines = (lines - 1) * w.stride_h + int64_t{w.kernel_h - 1} * w.dilation_h + 1;
    if (lines > before.out_h) lines = before.out_h;
    floats[i - 1] = (lines * before.out_w * before.out_c + 15) / 16 * 16;
    if (before.out_c > channels) channels = before.out_c;
  }
  floats[a.steps - 1] = (channels + 15) / 16 * 16;
}

inline int64_t stripes_bytes(const StripesF32Attrs& a, int32_t in_c) {
  int64_t floats[kMostStripeSteps], sum = 0;
  stripe_floats(a, in_c, floats);
  for (int32_t i = 0; i < a.steps; ++i) sum += floats[i];
  return sum * static_cast<int64_t>(sizeof(float));
}

}  // namespace verge::exec
