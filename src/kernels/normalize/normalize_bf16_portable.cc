#include "kernels/vec/portable_bf16.h"

#include "kernels/normalize/generic.h"

namespace verge {

void normalize_bf16_portable(const NormalizeBf16& args) { normalize<Bf16>(args); }

}  // namespace verge
