#include "kernels/vec/avx512bf16.h"

#include "kernels/binary_bf16/generic.h"

namespace verge {

void add_binary_bf16_avx512bf16(const BinaryBf16& args) { binary<Bf16, Sum<Bf16>>(args); }
void mul_binary_bf16_avx512bf16(const BinaryBf16& args) { binary<Bf16, Product<Bf16>>(args); }
void mean_binary_bf16_avx512bf16(const MeanBf16& args) { mean<Bf16>(args); }

}  // namespace verge
