#include "kernels/vec/portable_bf16.h"

#include "kernels/binary_bf16/generic.h"

namespace verge {

void add_binary_bf16_portable(const BinaryBf16& args) { binary<Bf16, Sum<Bf16>>(args); }
void mul_binary_bf16_portable(const BinaryBf16& args) { binary<Bf16, Product<Bf16>>(args); }
void mean_binary_bf16_portable(const MeanBf16& args) { mean<Bf16>(args); }

}  // namespace verge
