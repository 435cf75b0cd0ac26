// The loops of batch normalisation, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/batch_norm/batch_norm_f32.h"

namespace verge {
namespace {

// Registers at a column of each row, of whose floats `part` are used (0: all).
template <typename V> struct Columns {
  size_t at, part;
  typename V::Reg load(const float* p) const { return part ? V::load_first(p + at, part) : V::load(p + at); }
  void store(float* p, typename V::Reg v) const {
    if (part) V::store_first(p + at, v, part);
    else V::store(p + at, v);
  }
};

// 1 where the clamp lets z through.
template <typename V> [[gnu::always_inline]] inline typename V::Reg passed(typename V::Reg g, typename V::Reg z, typename V::Reg low, typename V::Reg high) {
  const auto zero = V::set1(0.0f);
  return V::select(V::less(low, z), V::select(V::less(z, high), g, zero), zero);
}

template <typename V> struct SumLoop {
  using Vec = V;
  template <int n> static void run(const BatchNormRows& r, const Columns<V> (&at)[n]) {
    typename V::Reg shift[n], sum[n], square[n];
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) shift[i] = at[i].load(r.shift), sum[i] = square[i] = V::set1(0.0f);
    const float* x = r.x;
    for (size_t row = 0; row < r.rows; ++row, x += r.width) {
#pragma GCC unroll 4
      for (int i = 0; i < n; ++i) {
        const auto d = V::sub(at[i].load(x), shift[i]);
        sum[i] = V::add(sum[i], d);
        square[i] = V::fma(d, d, square[i]);
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) at[i].store(r.sum, sum[i]), at[i].store(r.second, square[i]);
  }
};

template <typename V> struct NormaliseLoop {
  using Vec = V;
  template <int n> static void run(const BatchNormRows& r, const Columns<V> (&at)[n]) {
    typename V::Reg factor[n], offset[n];
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) factor[i] = at[i].load(r.factor), offset[i] = at[i].load(r.offset);
    const auto low = V::set1(r.clamp.min), high = V::set1(r.clamp.max);
    const float* x = r.x;
    float* y = r.y;
    for (size_t row = 0; row < r.rows; ++row, x += r.width, y += r.width) {
#pragma GCC unroll 4
      for (int i = 0; i < n; ++i) at[i].store(y, V::min(high, V::max(low, V::fma(at[i].load(x), factor[i], offset[i]))));
    }
  }
};

template <typename V> struct GradientSumLoop {
  using Vec = V;
  template <int n> static void run(const BatchNormRows& r, const Columns<V> (&at)[n]) {
    typename V::Reg shift[n], factor[n], offset[n], sum[n], product[n];
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) {
      shift[i] = at[i].load(r.shift), factor[i] = at[i].load(r.factor), offset[i] = at[i].load(r.offset);
      sum[i] = product[i] = V::set1(0.0f);
    }
    const auto low = V::set1(r.clamp.min), high = V::set1(r.clamp.max);
    const float *x = r.x, *dy = r.dy;
    for (size_t row = 0; row < r.rows; ++row, x += r.width, dy += r.width) {
#pragma GCC unroll 4
      for (int i = 0; i < n; ++i) {
        const auto v = at[i].load(x), g = passed<V>(at[i].load(dy), V::fma(v, factor[i], offset[i]), low, high);
        sum[i] = V::add(sum[i], g);
        product[i] = V::fma(g, V::sub(v, shift[i]), product[i]);
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) at[i].store(r.sum, sum[i]), at[i].store(r.second, product[i]);
  }
};

template <typename V> struct GradientLoop {
  using Vec = V;
  template <int n> static void run(const BatchNormRows& r, const Columns<V> (&at)[n]) {
    typename V::Reg factor[n], offset[n], a[n], b[n], c[n];
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) {
      factor[i] = at[i].load(r.factor), offset[i] = at[i].load(r.offset);
      a[i] = at[i].load(r.a), b[i] = at[i].load(r.b), c[i] = at[i].load(r.c);
    }
    const auto low = V::set1(r.clamp.min), high = V::set1(r.clamp.max);
    const float *x = r.x, *dy = r.dy;
    float* dx = r.y;
    for (size_t row = 0; row < r.rows; ++row, x += r.width, dy += r.width, dx += r.width) {
#pragma GCC unroll 4
      for (int i = 0; i < n; ++i) {
        const auto v = at[i].load(x), g = passed<V>(at[i].load(dy), V::fma(v, factor[i], offset[i]), low, high);
        at[i].store(dx, V::fma(g, a[i], V::fma(v, b[i], c[i])));
      }
    }
  }
};

// All columns, four registers across while they last.
template <typename Loop> void for_columns(const BatchNormRows& r) {
  using V = typename Loop::Vec;
  constexpr size_t kStep = V::kWidth;
  size_t at = 0;
  for (; at + 4 * kStep <= r.width; at += 4 * kStep) {
    const Columns<V> four[4] = {{at, 0}, {at + kStep, 0}, {at + 2 * kStep, 0}, {at + 3 * kStep, 0}};
    Loop::template run<4>(r, four);
  }
  for (; at < r.width; at += kStep) {
    const Columns<V> one[1] = {{at, r.width - at < kStep ? r.width - at : 0}};
    Loop::template run<1>(r, one);
  }
}

}  // namespace
}  // namespace verge
