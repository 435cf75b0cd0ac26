// The loops of pooling, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/pool/pool_f32.h"

namespace verge {
namespace {

template <typename V> struct PoolMax {
  static typename V::Reg merge(typename V::Reg x, typename V::Reg y) { return V::max(x, y); }
};
template <typename V> struct PoolSum {
  static typename V::Reg merge(typename V::Reg x, typename V::Reg y) { return V::add(x, y); }
};

// V loads and stores numbers of T.
template <typename V, typename Op, typename T> void pool_pixel(const PoolPixel<T>& p) {
  constexpr size_t kStep = V::kWidth;
  const auto lo = V::set1(p.clamp.min), hi = V::set1(p.clamp.max), scale = V::set1(p.scale);
  size_t c = 0;
  for (; c + kStep <= p.channels; c += kStep) {
    auto sum = V::load(p.x[0] + c);
    for (size_t t = 1; t < p.taps; ++t) sum = Op::merge(sum, V::load(p.x[t] + c));
    V::store(p.y + c, V::min(hi, V::max(lo, V::mul(sum, scale))));
  }
  if (const size_t n = p.channels - c; n > 0) {
    auto sum = V::load_first(p.x[0] + c, n);
    for (size_t t = 1; t < p.taps; ++t) sum = Op::merge(sum, V::load_first(p.x[t] + c, n));
    V::store_first(p.y + c, V::min(hi, V::max(lo, V::mul(sum, scale))), n);
  }
}

}  // namespace
}  // namespace verge
