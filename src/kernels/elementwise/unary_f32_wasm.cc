#include "kernels/vec/wasm.h"

#include "kernels/elementwise/vector_unary.h"

namespace verge {

UnaryF32Fn unary_f32_wasm(UnaryF32 function) { return vector_unary<F32>(function); }

}  // namespace verge
