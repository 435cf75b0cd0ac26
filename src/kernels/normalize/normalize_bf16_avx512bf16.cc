#include "kernels/vec/avx512bf16.h"

#include "kernels/normalize/generic.h"

namespace verge {

void normalize_bf16_avx512bf16(const NormalizeBf16& args) { normalize<Bf16>(args); }

}  // namespace verge
