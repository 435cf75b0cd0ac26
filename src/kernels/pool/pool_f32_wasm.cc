#include "kernels/vec/wasm.h"

#include "kernels/pool/generic.h"

namespace verge {

void max_pool_f32_wasm(const PoolPixelF32& pixel) { pool_pixel<F32, PoolMax<F32>>(pixel); }
void average_pool_f32_wasm(const PoolPixelF32& pixel) { pool_pixel<F32, PoolSum<F32>>(pixel); }

}  // namespace verge
