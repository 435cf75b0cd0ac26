#include "kernels/vec/avx512.h"

#include "kernels/elementwise/vector_unary.h"

namespace verge {

UnaryF32Fn unary_f32_avx512(UnaryF32 function) { return vector_unary<F32>(function); }

}  // namespace verge
