// A concrete shape of at most eight dimensions, row-major, last dimension fastest.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace verge {

inline constexpr int kMaxRank = 8;

struct Shape {
  int32_t rank = 0;
  int32_t dim[kMaxRank] = {};

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<int32_t> dims) {
    for (int32_t d : dims) dim[rank++] = d;
  }
  constexpr int32_t operator[](int i) const { return dim[i]; }
  constexpr int32_t& operator[](int i) { return dim[i]; }
  // The i-th dimension from the end: back(0) is the last.
  constexpr int32_t back(int i) const { return dim[rank - 1 - i]; }
  constexpr int64_t count() const { return count(0, rank); }
  // Product of dimensions [from, to), INT64_MAX where it would be more: sizes of hostile files are compared, not trusted.
  constexpr int64_t count(int from, int to) const {
    int64_t n = 1;
    for (int i = from; i < to; ++i)
      if (__builtin_mul_overflow(n, static_cast<int64_t>(dim[i]), &n)) n = INT64_MAX;
    return n;
  }
  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; ++i)
      if (a.dim[i] != b.dim[i]) return false;
    return true;
  }
};

}  // namespace verge
