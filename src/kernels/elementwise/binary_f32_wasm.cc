#include "kernels/vec/wasm.h"

#include "kernels/elementwise/vector_binary.h"

namespace verge {

BinaryF32Fn binary_f32_wasm(BinaryF32 function, Spread spread) { return vector_binary<F32>(function, spread); }

}  // namespace verge
