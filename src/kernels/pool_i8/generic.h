// The loops of pool_i8.h over 16 channels. Include after one of requant/vector_*.h.
//
// A policy `Bytes` supplies Reg (16 bytes) and Sums (16 int16), load(p, n) of the first n <= 16 bytes, flip(x, byte), max(x, y) as int8,
// store(p, x, n), none(), add(sums, x) and widen(sums) to I32x16.
#pragma once
#include "kernels/pool_i8/pool_i8.h"

namespace verge {
namespace {

// So many int8 are added in int16 before they are widened.
inline constexpr size_t kNarrowRows = 255;

template <typename Bytes> void sum_bytes(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums) {
  for (size_t c = 0; c < n; c += 16) {
    I32x16 wide = splat16(0);
    for (size_t r = 0; r < rows;) {
      const size_t end = rows - r < kNarrowRows ? rows : r + kNarrowRows;
      typename Bytes::Sums narrow = Bytes::none();
      for (; r < end; ++r) narrow = Bytes::add(narrow, Bytes::flip(Bytes::load(static_cast<const uint8_t*>(x[r]) + c, n - c), flip));
      wide = add16(wide, Bytes::widen(narrow));
    }
    store16(sums + c, wide, n - c);
  }
}

template <typename Bytes> void max_bytes(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y) {
  for (size_t c = 0; c < n; c += 16) {
    typename Bytes::Reg most = Bytes::flip(Bytes::load(static_cast<const uint8_t*>(x[0]) + c, n - c), flip);
    for (size_t r = 1; r < rows; ++r) most = Bytes::max(most, Bytes::flip(Bytes::load(static_cast<const uint8_t*>(x[r]) + c, n - c), flip));
    Bytes::store(y + c, Bytes::flip(most, flip), n - c);
  }
}

}  // namespace
}  // namespace verge
