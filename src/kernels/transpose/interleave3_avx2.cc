#include "kernels/transpose/interleave3_generic.h"

namespace verge {

void interleave3_avx2(size_t n, size_t element_bytes, const void* x, size_t plane, void* y) { interleave(n, element_bytes, x, plane, y); }

}  // namespace verge
