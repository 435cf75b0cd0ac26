// Reductions of f32 along the middle axis of [outer, axis, inner] to [outer, inner].
//
//   y[o, i] = f(x[o, 0, i], ..., x[o, axis - 1, i])
//
// Sums are made of blocks of kReduceBlock values, so that the rounding error grows with axis / kReduceBlock + kReduceBlock. A result depends on
// nothing but its own inputs: the caller may split `outer` between threads. An empty axis gives 0, 1 (prod), or infinities (min, max, log_sum_exp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

enum class ReduceF32 : uint8_t { kSum, kMean, kMax, kMin, kProd, kSumSquare, kL1, kL2, kLogSum, kLogSumExp };
inline constexpr int kReduceF32Count = 10;
inline constexpr size_t kReduceBlock = 64;

struct ReduceShape {
  size_t outer, axis, inner;
};

using ReduceF32Fn = void (*)(const ReduceShape& shape, const float* x, float* y);

ReduceF32Fn pick_reduce_f32(ReduceF32 function);  // the fastest that this processor runs; never null

// One instruction set's functions; none is null.
using ReduceF32Table = ReduceF32Fn (*)(ReduceF32 function);
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(ReduceF32Fn name(ReduceF32 function);)
#include "kernels/reduce/kernels.inc"
#undef VERGE_KERNEL
std::span<const Kernel<ReduceF32Table>> reduce_f32_kernels();

// The index along the axis of the greatest or least value. Of equal ones the first, or the last.
enum class ArgWhat : uint8_t { kMax, kMin };
enum class ArgTie : uint8_t { kFirst, kLast };
void arg_f32(ArgWhat what, ArgTie tie, const ReduceShape& shape, const float* x, int64_t* y);

}  // namespace verge
