// y[i] = table[x[i]] for bytes: every unary function of an int8 or uint8 tensor, once its table is made (kernels/lut/tables.h).
//
// table: 256 bytes indexed by the byte as it is stored, so int8 -1 is entry 255. y may be x.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

using LutI8Fn = void (*)(size_t n, const uint8_t* x, const uint8_t* table, uint8_t* y);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t n, const uint8_t* x, const uint8_t* table, uint8_t* y);)
#include "kernels/lut/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<LutI8Fn>> lut_i8_kernels();
LutI8Fn pick_lut_i8();

}  // namespace verge
