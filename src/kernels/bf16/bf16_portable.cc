#include <cstring>

#include "kernels/bf16/bf16.h"

namespace verge {
namespace {

uint16_t rounded(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>((nan ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace

void round_bf16_portable(const RoundRows& a) {
  for (size_t r = 0; r < a.rows; ++r) {
    uint16_t* y = a.y + r * a.y_step;
    for (size_t c = 0; c < a.n; ++c) y[c] = rounded(a.x[r * a.x_step + c]);
    std::memset(y + a.n, 0, (a.y_step - a.n) * sizeof(uint16_t));
  }
}

void copy_bf16_portable(const CopyRuns& a) {
  for (size_t r = 0; r < a.rows; ++r) {
    uint16_t* y = a.y + r * a.y_step;
    for (size_t i = 0; i < a.runs; ++i, y += a.n) std::memcpy(y, a.x + r * a.x_step + a.at[i], a.n * sizeof(uint16_t));
    std::memset(y, 0, (a.y_step - a.runs * a.n) * sizeof(uint16_t));
  }
}

void pair_bf16_portable(const PairRows& a) {
  const auto element = [&](size_t i, size_t j) {
    const Reals x = a.x.from(i * a.x_step + j);
    return x.half ? *x.as<uint16_t>() : rounded(*x.as<float>());
  };
  for (size_t column = 0; column < a.n; column += 16) {
    uint16_t* y = a.y + column / 16 * a.panel_step;
    const size_t columns = a.n - column < 16 ? a.n - column : 16;
    for (size_t i = 0; i < 2 * a.pairs; ++i)
      for (size_t j = 0; j < 16; ++j) y[(i / 2 * 16 + j) * 2 + i % 2] = i < a.k && j < columns ? element(i, column + j) : uint16_t{0};
  }
}

void turn_bf16_portable(const TurnColumns& a) {
  for (size_t i = 0; i < 2 * a.pairs; ++i)
    for (size_t j = 0; j < 16; ++j) a.y[(i / 2 * 16 + j) * 2 + i % 2] = i < a.k && j < a.n ? a.x[j * a.x_step + i] : uint16_t{0};
}

void widen_bf16_portable(size_t n, const uint16_t* x, float* y) {
  for (size_t i = 0; i < n; ++i) {
    const uint32_t bits = static_cast<uint32_t>(x[i]) << 16;
    std::memcpy(y + i, &bits, sizeof(bits));
  }
}

}  // namespace verge
