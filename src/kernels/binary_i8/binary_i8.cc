#include "kernels/binary_i8/binary_i8.h"

#include "kernels/requant/scales.h"
#include "kernels/requant/vector_scalar.h"

#include "kernels/binary_i8/generic.h"

namespace verge {
namespace {

constexpr Kernel<BinaryI8Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/binary_i8/kernels.inc"
#undef VERGE_KERNEL
};

int32_t before_shift(const BinaryI8& p) { return 1 << (p.is_wide ? 15 : 20); }

}  // namespace

std::span<const Kernel<BinaryI8Fn>> binary_i8_kernels() { return kList; }

BinaryI8Fn pick_binary_i8() {
  static constinit Pick pick;
  return pick.from(binary_i8_kernels()).fn;
}

void binary_i8_scalar(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs) { run_op(op, params, runs); }

void set_add_multipliers(float x_scale, float y_scale, float z_scale, BinaryI8* params) {
  const double x = x_scale, y = y_scale, twice_max = 2 * (x > y ? x : y);
  params->x = quantize_multiplier(x / twice_max);
  params->y = quantize_multiplier(y / twice_max);
  params->z = quantize_multiplier(twice_max / (before_shift(*params) * static_cast<double>(z_scale)));
}

void set_sub_multipliers(float x_scale, float y_scale, float z_scale, BinaryI8* params) {
  const float twice_max = 2 * (x_scale > y_scale ? x_scale : y_scale);
  params->x = quantize_multiplier(static_cast<double>(x_scale / twice_max));
  params->y = quantize_multiplier(static_cast<double>(y_scale / twice_max));
  params->z = quantize_multiplier(static_cast<double>(twice_max / (static_cast<float>(before_shift(*params)) * z_scale)));
}

void set_mul_multiplier(float x_scale, float y_scale, float z_scale, BinaryI8* params) { params->z = product_multiplier(x_scale, y_scale, z_scale); }

void set_prelu_multipliers(float x_scale, float alpha_scale, float z_scale, BinaryI8* params) {
  params->x = ratio_multiplier(x_scale, z_scale);
  params->y = product_multiplier(x_scale, alpha_scale, z_scale);
}

}  // namespace verge
