#include "kernels/requant/vector_wasm.h"

#include "kernels/quantize_i8/generic.h"

namespace verge {

void quantize_f32_i8_wasm(size_t n, const float* x, const Quantization& q, void* y) { quantize(n, x, q, y); }
void dequantize_f32_i8_wasm(size_t n, const void* x, const Quantization& q, float* y) { dequantize(n, x, q, y); }

}  // namespace verge
