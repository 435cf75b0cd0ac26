// Three planes become triples: y[3 i + c] = x[c * plane + i], as pictures go from NCHW to NHWC.
//
// element_bytes: 1, 2 or 4; `plane` in elements. x and y do not overlap.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

using Interleave3Fn = void (*)(size_t n, size_t element_bytes, const void* x, size_t plane, void* y);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t n, size_t element_bytes, const void* x, size_t plane, void* y);)
#include "kernels/transpose/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<Interleave3Fn>> interleave3_kernels();
Interleave3Fn pick_interleave3();

}  // namespace verge
