#include "kernels/vec/neon32.h"

#include "kernels/pool/generic.h"

namespace verge {

void max_pool_f32_neon32(const PoolPixelF32& pixel) { pool_pixel<F32, PoolMax<F32>>(pixel); }
void average_pool_f32_neon32(const PoolPixelF32& pixel) { pool_pixel<F32, PoolSum<F32>>(pixel); }

}  // namespace verge
