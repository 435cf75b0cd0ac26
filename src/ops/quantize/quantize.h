// quantize: f32 to a quantised type; dequantize: back; requantize: between quantised types. The types of input and output say all.
//
//   quantize     clamp(round(x / scale) + zero_point)   in f32; half away from zero (tflm), half to even (onnx); NaN becomes the zero point
//   dequantize   scale * (q - zero_point)
//   requantize   requantize.h
//
// quantize and dequantize also work per channel; the axis stands with the quantised type.
#pragma once
#include "ops/op.h"

namespace verge::ops {

Result<void> reference_quantize(ReferenceContext& context);
Result<void> reference_dequantize(ReferenceContext& context);
Result<void> reference_requantize(ReferenceContext& context);

}  // namespace verge::ops
