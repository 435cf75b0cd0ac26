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

// A positive multiplier that turns x into Q(integer_bits), as softmax, logistic and tanh want it: real * 2^(31 - integer_bits), at most 2^31 - 1.
Multiplier fixed_point_multiplier(double real, int integer_bits);
// The largest |x| that such a multiplier keeps below 2^integer_bits - 1.
int32_t fixed_point_radius(Multiplier multiplier, int integer_bits);

// round half away from zero of real / scale (in float), plus the zero point: where an activation's bound lies in the output type.
int32_t quantize_bound(float real, float scale, int32_t zero_point);

}  // namespace verge
