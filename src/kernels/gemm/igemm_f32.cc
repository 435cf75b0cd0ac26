#include "kernels/gemm/igemm_f32.h"

#include <iterator>

namespace verge {

std::span<const Kernel<IgemmF32Fn>> igemm_f32_kernels() {
  static constexpr Kernel<IgemmF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/gemm/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

namespace {

const Kernel<IgemmF32Fn>& pick() {
  static constinit Pick pick;
  return pick.from(igemm_f32_kernels());
}

double rounded_up(size_t x, size_t unit) { return static_cast<double>((x + unit - 1) / unit * unit); }

}  // namespace

IgemmF32Fn pick_igemm_f32() { return pick().fn; }

std::span<const Kernel<IgemmF32Fn>> igemm_even_f32_kernels() {
  static constexpr Kernel<IgemmF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/gemm/even_kernels.inc"
#undef VERGE_KERNEL
      {},  // a list of none has no type
  };
  return std::span(kList).first(std::size(kList) - 1);
}

IgemmF32Fn pick_igemm_even_f32() {
  for (const auto& kernel : igemm_even_f32_kernels())
    if (cpu_has(kernel.isa)) return kernel.fn;
  return nullptr;
}

bool igemm_f32_any_order_fits(size_t m, size_t taps, size_t k) { return pick().isa == Isa::kAmx && m >= 16 && taps * k >= 32; }

bool igemm_f32_any_order_pays(size_t m, size_t n, size_t taps, size_t k) {
  if (!igemm_f32_any_order_fits(m, taps, k)) return false;
  const size_t all = taps * k;
  // Cycles as measured on Sapphire Rapids: products; taking rows and weights apart; sums through memory. What runs after tiles runs a little slower.
  const double rows = static_cast<double>(m), columns = rounded_up(n, 16), depth = rounded_up(all, 32), steps = static_cast<double>(all);
  const double apart = (taps > 1 ? 1.3 : 0.9) * rows * steps + 0.8 * columns * depth * rounded_up(m, 256) / 256;
  const double tiles = rows * columns * depth / 67 + apart + 0.2 * rows * columns + 400, vectors = rows * columns * steps / 31;
  return tiles < 0.88 * vectors;
}

}  // namespace verge
