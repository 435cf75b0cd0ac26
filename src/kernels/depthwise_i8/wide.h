// Few channels at stride 1: neighbouring pixels lie beside each other in input and output, so a run of 32 bytes is several pixels whose "channels" repeat the
// weights. Used by depthwise_i8.cc alone.
#pragma once
#include "kernels/depthwise_i8/depthwise_i8.h"

namespace verge {

bool depthwise_i8_is_wide(const DepthwiseI8& conv);

// Output pixels [first, last); those whose windows reach beyond the left or right edge go to `narrow`.
void run_depthwise_i8_wide(const DepthwiseI8& conv, size_t first, size_t last, void (*narrow)(const DepthwiseI8& conv, size_t first, size_t last));

}  // namespace verge
