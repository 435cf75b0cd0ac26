// The loops of binary_bf16, once for every instruction set. V loads and stores f32 and bf16.
#include "kernels/binary_bf16/binary_bf16.h"

namespace verge {
namespace {

template <typename V> struct Sum {
  static typename V::Reg of(typename V::Reg x, typename V::Reg y) { return V::add(x, y); }
};
template <typename V> struct Product {
  static typename V::Reg of(typename V::Reg x, typename V::Reg y) { return V::mul(x, y); }
};

template <typename V, typename Op, typename X, typename Y> void binary_run(const BinaryBf16& a, const X* x, const Y* y) {
  constexpr size_t kStep = V::kWidth;
  const auto low = V::set1(a.clamp.min), high = V::set1(a.clamp.max);
  size_t i = 0;
  for (; i + kStep <= a.n; i += kStep) V::store(a.z + i, V::min(high, V::max(low, Op::of(V::load(x + i), V::load(y + i)))));
  const size_t left = a.n - i;
  if (left > 0) V::store_first(a.z + i, V::min(high, V::max(low, Op::of(V::load_first(x + i, left), V::load_first(y + i, left)))), left);
}

template <typename V, typename Op> void binary(const BinaryBf16& a) {
  if (a.x.half && a.y.half) return binary_run<V, Op>(a, a.x.as<uint16_t>(), a.y.as<uint16_t>());
  if (a.x.half) return binary_run<V, Op>(a, a.x.as<uint16_t>(), a.y.as<float>());
  if (a.y.half) return binary_run<V, Op>(a, a.x.as<float>(), a.y.as<uint16_t>());
  binary_run<V, Op>(a, a.x.as<float>(), a.y.as<float>());
}

// Four registers of columns at a time, so that sums of them need not wait for each other.
template <typename V> void mean(const MeanBf16& a) {
  constexpr size_t kStep = V::kWidth, kSums = 4;
  const auto share = V::set1(1.0f / static_cast<float>(a.rows));
  size_t i = 0;
  for (; i + kSums * kStep <= a.n; i += kSums * kStep) {
    typename V::Reg sums[kSums];
    for (auto& sum : sums) sum = V::set1(0.0f);
    for (size_t k = 0; k < a.rows; ++k)
      for (size_t j = 0; j < kSums; ++j) sums[j] = V::add(sums[j], V::load(a.x + k * a.step + i + j * kStep));
    for (size_t j = 0; j < kSums; ++j) V::store(a.y + i + j * kStep, V::mul(sums[j], share));
  }
  for (; i < a.n; i += kStep) {
    const size_t left = a.n - i;
    auto sum = V::set1(0.0f);
    for (size_t k = 0; k < a.rows; ++k) sum = V::add(sum, left >= kStep ? V::load(a.x + k * a.step + i) : V::load_first(a.x + k * a.step + i, left));
    left >= kStep ? V::store(a.y + i, V::mul(sum, share)) : V::store_first(a.y + i, V::mul(sum, share), left);
  }
}

}  // namespace
}  // namespace verge
