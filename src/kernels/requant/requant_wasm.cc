#include "kernels/requant/vector_wasm.h"

#include "kernels/requant/generic.h"

namespace verge {

void requant_i32_i8_wasm(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride) {
  requant_all(rows, columns, acc, acc_stride, r, y, y_stride);
}

}  // namespace verge
