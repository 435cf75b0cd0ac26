// The loops of depthwise_f32's kernels by lines, once for every instruction set. V is the F32 of kernels/vec/.
//
// A line of one register of channels keeps its weights in registers and steps along the pixels, whose neighbours lie a fixed distance apart.
#include <cstddef>
#include <utility>

#include "kernels/depthwise/generic.h"

namespace verge {
namespace {

// One line of output from the kRows kernel rows that lie inside the input.
template <typename V, int kRows, int kKernel, int kStride, typename Run> class DepthwiseLine {
 public:
  using Reg = typename V::Reg;

  //   x, w, y   first channel of the line's leftmost pixel in the first of kRows rows, of that row's first weight, of the first output
  DepthwiseLine(const DepthwiseF32Lines& a, Run run, const float* x, const float* w, const float* bias, float* y)
      : a_(a), run_(run), x_(x), y_(y), w_(w), bias_(V::load(bias)), lo_(V::set1(a.clamp.min)), hi_(V::set1(a.clamp.max)) {}

  void all() const {
    edge(0, a_.inside_begin);
    inside();
    edge(a_.inside_end, a_.out_w);
  }

 private:
  [[gnu::always_inline]] inline void inside() const {
    Reg w[kRows][kKernel];
#pragma GCC unroll 8
    for (int ky = 0; ky < kRows; ++ky)
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) w[ky][kx] = V::load(weight(ky, kx));
    size_t o = a_.inside_begin;
    for (; o + 4 <= a_.inside_end; o += 4) tile<4>(o, w);
    for (; o < a_.inside_end; ++o) tile<1>(o, w);
  }

  template <int kOutputs> [[gnu::always_inline]] inline void tile(size_t o, const Reg (&w)[kRows][kKernel]) const {
    constexpr int kColumns = (kOutputs - 1) * kStride + kKernel;
    Reg sum[kOutputs];
#pragma GCC unroll 8
    for (int i = 0; i < kOutputs; ++i) sum[i] = bias_;
    const float* row = x_ + (o * kStride - a_.pad_left) * a_.input_step;
#pragma GCC unroll 8
    for (int ky = 0; ky < kRows; ++ky, row += a_.row_step) {
#pragma GCC unroll 16
      for (int j = 0; j < kColumns; ++j) {
        const Reg x = run_.load(row + static_cast<size_t>(j) * a_.input_step);
#pragma GCC unroll 8
        for (int i = 0; i < kOutputs; ++i)
          if (j >= i * kStride && j < i * kStride + kKernel) sum[i] = V::fma(x, w[ky][j - i * kStride], sum[i]);
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kOutputs; ++i) store(o + static_cast<size_t>(i), sum[i]);
  }

  // Outputs whose kernel leaves the input to the left or right.
  void edge(size_t begin, size_t end) const {
    for (size_t o = begin; o < end; ++o) {
      const size_t left = o * kStride, first = left < a_.pad_left ? a_.pad_left - left : 0, past = a_.in_w + a_.pad_left - left;
      Reg sum = bias_;
      for (int ky = 0; ky < kRows; ++ky)
        for (size_t kx = first; kx < kKernel && kx < past; ++kx)
          sum = V::fma(run_.load(x_ + static_cast<size_t>(ky) * a_.row_step + (left + kx - a_.pad_left) * a_.input_step), V::load(weight(ky, static_cast<int>(kx))), sum);
      store(o, sum);
    }
  }

  const float* weight(int ky, int kx) const { return w_ + static_cast<size_t>(ky * kKernel + kx) * a_.weights_step; }
  [[gnu::always_inline]] inline void store(size_t o, Reg sum) const { run_.store(y_ + o * a_.output_step, V::min(hi_, V::max(lo_, sum))); }

  const DepthwiseF32Lines& a_;
  Run run_;
  const float* x_;
  float* y_;
  const float* w_;
  Reg bias_, lo_, hi_;
};

// Calls body(channel, run) for channels [begin, end) of `all`, begin a multiple of the unit of packed weights.
template <typename V, int kRows, int kKernel, int kStride> void depthwise_line(const DepthwiseF32Lines& a, const float* x, const float* w, float* y) {
  for_channels<V>(a.channels, [&](size_t c, auto run) { DepthwiseLine<V, kRows, kKernel, kStride, decltype(run)>(a, run, x + c, w + c, a.bias + c, y + c).all(); });
}

using DepthwiseLineFn = void (*)(const DepthwiseF32Lines& a, const float* x, const float* w, float* y);

template <typename V, int kKernel, int kStride, int... rows> constexpr DepthwiseLineFn line_of(size_t count, std::integer_sequence<int, rows...>) {
  constexpr DepthwiseLineFn kLines[] = {depthwise_line<V, rows + 1, kKernel, kStride>...};
  return kLines[count - 1];
}

template <typename V, int kKernel, int kStride> void depthwise_lines(const DepthwiseF32Lines& a) {
  for (size_t i = 0; i < a.lines; ++i) {
    const size_t top = (a.first + i) * kStride, skipped = top < a.pad_top ? a.pad_top - top : 0;  // rows of the kernel above the input
    const size_t room = a.in_h + a.pad_top - top, past = room < kKernel ? room : kKernel;
    const float* x = a.input + (top + skipped - a.pad_top) * a.row_step;
    line_of<V, kKernel, kStride>(past - skipped, std::make_integer_sequence<int, kKernel>())(a, x, a.weights + skipped * kKernel * a.weights_step, a.output + i * a.out_w * a.output_step);
  }
}

}  // namespace
}  // namespace verge
