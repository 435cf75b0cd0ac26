// Moving data into bf16: a float's upper 16 bits, rounded to nearest, ties to even. Numbers below 2^-126 may become zero.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "kernels/select.h"

namespace verge {

// Numbers in memory, f32 or bf16. A step or an index counts elements.
template <typename Void> struct RealsAt {
  Void* data = nullptr;
  bool half = false;  // bf16

  template <typename T> using Element = std::conditional_t<std::is_const_v<Void>, const T, T>;
  template <typename T> Element<T>* as() const { return static_cast<Element<T>*>(data); }
  RealsAt from(size_t i) const { return data ? RealsAt{as<uint8_t>() + i * (half ? sizeof(uint16_t) : sizeof(float)), half} : *this; }
  explicit operator bool() const { return data != nullptr; }
};
using Reals = RealsAt<const void>;
using RealsOut = RealsAt<void>;

// y[r][c] = bf16(x[r][c]) for c < n, 0 for n <= c < y_step. Steps in elements.
struct RoundRows {
  size_t rows, n;
  const float* x;
  size_t x_step;
  uint16_t* y;
  size_t y_step;
};

// y[r] = the runs x[r * x_step + at[i]], `n` elements each, one behind the other, then zeros up to y_step.
struct CopyRuns {
  size_t rows, runs, n;
  const uint16_t* x;
  size_t x_step;
  const uint32_t* at;
  uint16_t* y;
  size_t y_step;
};

// Rows 2i and 2i + 1 of x [k][n] side by side: y[i][2j] = bf16(x[2i][j]), y[i][2j + 1] = bf16(x[2i + 1][j]), 0 behind the last row, for 16 columns a panel:
// column j of row pair i lies in panel j / 16 at y + j / 16 * panel_step + (i * 16 + j % 16) * 2. `pairs` row pairs are written, columns up to 16.
struct PairRows {
  size_t k, n, pairs;
  Reals x;
  size_t x_step;
  uint16_t* y;
  size_t panel_step;
};

// One such panel of rows that lie as columns: x[j] holds column j, `k` elements; y[i][2j] = x[j][2i], y[i][2j + 1] = x[j][2i + 1], 0 behind the last.
struct TurnColumns {
  size_t n, k, pairs;  // n: up to 16
  const uint16_t* x;
  size_t x_step;
  uint16_t* y;
};

struct Bf16Kernel {
  Isa isa;
  const char* name;
  void (*round)(const RoundRows& rows);
  void (*copy)(const CopyRuns& runs);
  void (*pair)(const PairRows& rows);
  void (*turn)(const TurnColumns& columns);
  void (*widen)(size_t n, const uint16_t* x, float* y);
};

#define VERGE_KERNEL(isa, name)                                       \
  VERGE_ON_##isa(void round_bf16_##name(const RoundRows& rows);       \
                 void copy_bf16_##name(const CopyRuns& runs);         \
                 void pair_bf16_##name(const PairRows& rows);         \
                 void turn_bf16_##name(const TurnColumns& columns);   \
                 void widen_bf16_##name(size_t n, const uint16_t* x, float* y);)
#include "kernels/bf16/kernels.inc"
#undef VERGE_KERNEL

std::span<const Bf16Kernel> bf16_kernels();
const Bf16Kernel& pick_bf16();

}  // namespace verge
