// The transforms of winograd_f32.h, once for every instruction set. V is the F32 of kernels/vec/.
//
// Along one axis, with a^2 = 1/2 and b^2 = 2 for the points 0, +-a, +-b, infinity:
//
//   B' row of 0         (x^2 - a^2)(x^2 - b^2)    =  x4 - 5/2 x2 + x0
//          of +-a       x (x +- a)(x^2 - b^2)     = (x4 - b^2 x2) +- a (x3 - b^2 x1)
//          of +-b       x (x +- b)(x^2 - a^2)     = (x4 - a^2 x2) +- b (x3 - a^2 x1)
//          of infinity  x (x^2 - a^2)(x^2 - b^2)  =  x5 - 5/2 x3 + x1
//   G row of p          [1, p, p^2] / product over the other points q of (p - q);  of infinity [0, 0, 1]
//   A' row i            p^i;  of infinity only in the last row
#include "kernels/winograd/winograd_f32.h"

namespace verge {
namespace {

inline constexpr float kA = 0.70710678118654752f, kB = 1.41421356237309505f;

template <typename V> struct Winograd {
  using Reg = typename V::Reg;
  static constexpr size_t kWidth = V::kWidth;

  [[gnu::always_inline]] static inline void input_axis(const Reg (&x)[6], Reg (&y)[6]) {
    const Reg half = V::set1(-0.5f), two = V::set1(-2.0f), both = V::set1(-2.5f), a = V::set1(kA), b = V::set1(kB);
    const Reg even_a = V::fma(two, x[2], x[4]), odd_a = V::mul(a, V::fma(two, x[1], x[3]));
    const Reg even_b = V::fma(half, x[2], x[4]), odd_b = V::mul(b, V::fma(half, x[1], x[3]));
    y[0] = V::add(V::fma(both, x[2], x[4]), x[0]);
    y[1] = V::add(even_a, odd_a), y[2] = V::sub(even_a, odd_a);
    y[3] = V::add(even_b, odd_b), y[4] = V::sub(even_b, odd_b);
    y[5] = V::add(V::fma(both, x[3], x[5]), x[1]);
  }

  [[gnu::always_inline]] static inline void weight_axis(const Reg (&w)[3], Reg (&u)[6]) {
    const Reg of_a = V::set1(-1 / 1.5f), of_b = V::set1(1 / 6.0f);
    const Reg even_a = V::mul(of_a, V::fma(V::set1(0.5f), w[2], w[0])), odd_a = V::mul(V::set1(-kA / 1.5f), w[1]);
    const Reg even_b = V::mul(of_b, V::fma(V::set1(2.0f), w[2], w[0])), odd_b = V::mul(V::set1(kB / 6.0f), w[1]);
    u[0] = w[0];
    u[1] = V::add(even_a, odd_a), u[2] = V::sub(even_a, odd_a);
    u[3] = V::add(even_b, odd_b), u[4] = V::sub(even_b, odd_b);
    u[5] = w[2];
  }

  [[gnu::always_inline]] static inline void output_axis(const Reg (&m)[6], Reg (&y)[4]) {
    const Reg sum_a = V::add(m[1], m[2]), difference_a = V::sub(m[1], m[2]), sum_b = V::add(m[3], m[4]), difference_b = V::sub(m[3], m[4]);
    y[0] = V::add(V::add(m[0], sum_a), sum_b);
    y[1] = V::fma(V::set1(kA), difference_a, V::mul(V::set1(kB), difference_b));
    y[2] = V::fma(V::set1(0.5f), sum_a, V::add(sum_b, sum_b));
    y[3] = V::add(V::fma(V::set1(0.5f * kA), difference_a, V::mul(V::set1(2 * kB), difference_b)), m[5]);
  }

  static void weights(size_t k, const float* packed, float* to, size_t positions) {
    const size_t floats = k * kPanelF32;
    for (size_t at = 0; at < floats; at += kWidth) {
      Reg rows[3][6];
      for (int i = 0; i < 3; ++i) {
        const float* w = packed + static_cast<size_t>(3 * i) * floats + at;
        const Reg row[3] = {V::load(w), V::load(w + floats), V::load(w + 2 * floats)};
        weight_axis(row, rows[i]);
      }
      for (int j = 0; j < 6; ++j) {
        const Reg column[3] = {rows[0][j], rows[1][j], rows[2][j]};
        Reg u[6];
        weight_axis(column, u);
        for (int i = 0; i < 6; ++i) V::store(to + static_cast<size_t>(6 * i + j) * positions + at, u[i]);
      }
    }
  }

  static void input(size_t channels, const float* const* rows, size_t step, float* to, size_t positions) {
    for (size_t c = 0; c < channels; c += kWidth) {
      Reg half[6][6];
      for (int i = 0; i < 6; ++i) {
        const float* x = rows[i] + c;
        const Reg row[6] = {V::load(x), V::load(x + step), V::load(x + 2 * step), V::load(x + 3 * step), V::load(x + 4 * step), V::load(x + 5 * step)};
        input_axis(row, half[i]);
      }
      for (int j = 0; j < 6; ++j) {
        const Reg column[6] = {half[0][j], half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]};
        Reg v[6];
        input_axis(column, v);
        for (int i = 0; i < 6; ++i) V::store(to + static_cast<size_t>(6 * i + j) * positions + c, v[i]);
      }
    }
  }

  static void output(size_t channels, const float* from, size_t positions, const WinogradTile& tile) {
    const Reg low = V::set1(tile.clamp.min), high = V::set1(tile.clamp.max);
    for (size_t c = 0; c < channels; c += kWidth) {
      Reg half[6][4];
      for (int i = 0; i < 6; ++i) {
        Reg row[6];
        for (int j = 0; j < 6; ++j) row[j] = V::load(from + static_cast<size_t>(6 * i + j) * positions + c);
        output_axis(row, half[i]);
      }
      const Reg bias = V::load(tile.bias + c);
      for (size_t x = 0; x < tile.width; ++x) {
        const Reg column[6] = {half[0][x], half[1][x], half[2][x], half[3][x], half[4][x], half[5][x]};
        Reg y[4];
        output_axis(column, y);
        for (size_t i = 0; i < tile.height; ++i) {
          Reg sum = V::add(y[i], bias);
          if (tile.residual) sum = V::add(sum, V::load(tile.residual + i * tile.residual_row + x * tile.residual_step + c));
          V::store(tile.output + i * tile.output_row + x * tile.output_step + c, V::min(high, V::max(low, sum)));
        }
      }
    }
  }
};

}  // namespace

#define VERGE_WINOGRAD_F32(name)                                                                                                                     \
  void name##_weights(size_t k, const float* packed, float* to, size_t positions) { Winograd<F32>::weights(k, packed, to, positions); }               \
  void name##_input(size_t channels, const float* const* rows, size_t step, float* to, size_t positions) {                                            \
    Winograd<F32>::input(channels, rows, step, to, positions);                                                                                        \
  }                                                                                                                                                  \
  void name##_output(size_t channels, const float* from, size_t positions, const WinogradTile& tile) { Winograd<F32>::output(channels, from, positions, tile); }

}  // namespace verge
