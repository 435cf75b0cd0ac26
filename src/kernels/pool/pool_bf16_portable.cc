#include "kernels/vec/portable_bf16.h"

#include "kernels/pool/generic.h"

namespace verge {

void max_pool_bf16_portable(const PoolPixelBf16& pixel) { pool_pixel<Bf16, PoolMax<Bf16>>(pixel); }
void average_pool_bf16_portable(const PoolPixelBf16& pixel) { pool_pixel<Bf16, PoolSum<Bf16>>(pixel); }

}  // namespace verge
