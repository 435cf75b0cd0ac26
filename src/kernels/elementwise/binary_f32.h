// z[i] = clamp(f(x[i], y[i])) for the functions of binary.inc. z: [n] f32, may be x or y.
//
// The caller breaks a broadcast into runs: either operand of a run is n values or one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/clamp_f32.h"
#include "kernels/select.h"

namespace verge {

enum class BinaryF32 : uint8_t {
#define VERGE_BINARY(kName, name, value) kName,
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
};

// Which operand of a run is one value for all n.
enum class Spread : uint8_t { kNone, kX, kY };

using BinaryF32Fn = void (*)(size_t n, const float* x, const float* y, float* z, ClampF32 clamp);

BinaryF32Fn pick_binary_f32(BinaryF32 function, Spread spread);  // the fastest that this processor runs; never null
const char* binary_f32_name(BinaryF32 function);

// One instruction set's functions: null for those that it leaves to the next in the list.
using BinaryF32Table = BinaryF32Fn (*)(BinaryF32 function, Spread spread);
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(BinaryF32Fn name(BinaryF32 function, Spread spread);)
#include "kernels/elementwise/binary_kernels.inc"
#undef VERGE_KERNEL
std::span<const Kernel<BinaryF32Table>> binary_f32_kernels();

}  // namespace verge
