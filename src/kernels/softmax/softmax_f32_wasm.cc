#include "kernels/vec/wasm.h"

#include "kernels/softmax/generic.h"

namespace verge {

void softmax_f32_wasm(size_t rows, size_t n, const float* x, float* y) { softmax_rows<F32>(rows, n, x, y); }
void log_softmax_f32_wasm(size_t rows, size_t n, const float* x, float* y) { log_softmax_rows<F32>(rows, n, x, y); }

}  // namespace verge
