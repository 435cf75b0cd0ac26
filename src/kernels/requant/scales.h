// The integer constants of quantised operators, made once at lowering in double precision exactly as TensorFlow Lite's Prepare functions make
// them (docs/integer.md). Deterministic: frexp, round and the four operations only. Nothing here runs on a device's path.
#pragma once
#include <cstdint>

#include "base/requant.h"

namespace verge {

// real = multiplier * 2^(shift - 31), multiplier rounded half away from zero; a real below 2^-32 becomes 0. real >= 0.
Multiplier quantize_multiplier(double real);

// Convolution, depthwise convolution, dense per channel: double(x) * double(w) / double(y).
Multiplier product_multiplier(float x_scale, float w_scale, float y_scale);
// Dense per tensor: the scales are multiplied in float first.
Multiplier dense_multiplier(float x_scale, float w_scale, float y_scale);
// MEAN and SUM, requantisation of a tensor: double(x) / double(y).
Multiplier ratio_multiplier(float x_scale, float y_scale);

// round half away from zero of real / scale (in float), plus the zero point: where an activation's bound lies in the output type.
int32_t quantize_bound(float real, float scale, int32_t zero_point);

}  // namespace verge
