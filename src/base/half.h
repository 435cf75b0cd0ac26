// The 16-bit real types, IEEE binary16 and bfloat16, to and from f32.
#pragma once
#include <cstdint>

namespace verge {

float half_to_float(uint16_t bits);
uint16_t float_to_half(float value);  // nearest, ties to even
float bfloat_to_float(uint16_t bits);
uint16_t float_to_bfloat(float value);  // nearest, ties to even

}  // namespace verge
