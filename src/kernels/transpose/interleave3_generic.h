// interleave3.h as a loop that compilers turn into the byte permutations of the instruction set that the including file is compiled for.
#pragma once
#include "kernels/transpose/interleave3.h"

namespace verge {
namespace {

template <typename T> void interleave(size_t n, const T* __restrict a, const T* __restrict b, const T* __restrict c, T* __restrict y) {
  for (size_t i = 0; i < n; ++i) {
    y[3 * i] = a[i];
    y[3 * i + 1] = b[i];
    y[3 * i + 2] = c[i];
  }
}

template <typename T> void interleave(size_t n, const void* x, size_t plane, void* y) {
  const auto* p = static_cast<const T*>(x);
  interleave(n, p, p + plane, p + 2 * plane, static_cast<T*>(y));
}

void interleave(size_t n, size_t element_bytes, const void* x, size_t plane, void* y) {
  if (element_bytes == 1) return interleave<uint8_t>(n, x, plane, y);
  if (element_bytes == 2) return interleave<uint16_t>(n, x, plane, y);
  interleave<uint32_t>(n, x, plane, y);
}

}  // namespace
}  // namespace verge
