#include "kernels/requant/requant.h"

#include "kernels/requant/vector_scalar.h"

#include "kernels/requant/generic.h"

namespace verge {
namespace {

constexpr Kernel<RequantFn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/requant/kernels.inc"
#undef VERGE_KERNEL
};

}  // namespace

Requant from_column(Requant r, size_t n) {
  if (r.multiplier) r.multiplier += n, r.shift += n;
  if (r.scale) r.scale += n;
  return r;
}

std::span<const Kernel<RequantFn>> requant_kernels() { return kList; }

RequantFn pick_requant() {
  static constinit Pick pick;
  return pick.from(requant_kernels()).fn;
}

void requant_i32_i8_scalar(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride) {
  requant_all(rows, columns, acc, acc_stride, r, y, y_stride);
}

}  // namespace verge
