#include "ops/dense/dense_attrs.h"

namespace verge::exec {

bool rows_fit(const Shape& x, const Shape& y) {
  constexpr int32_t kMost = 1 << 28;  // of either side: sizes of packed weights stay within 64 bits
  return x.rank >= 1 && y.rank == x.rank && x.count() >= 1 && y.count() >= 1 && x.back(0) <= kMost && y.back(0) <= kMost && x.count() / x.back(0) <= INT32_MAX &&
         x.count(0, x.rank - 1) == y.count(0, y.rank - 1);
}

ConvGeometry rows_geometry(const Shape& x, const Shape& y) {
  const int32_t k = x.back(0), rows = static_cast<int32_t>(x.count() / k);
  return {.in_h = rows, .in_c = k, .out_h = rows, .out_c = y.back(0)};
}

}  // namespace verge::exec
