#include "kernels/vec/wasm.h"

#include "kernels/reduce/generic.h"

namespace verge {

ReduceF32Fn reduce_f32_wasm(ReduceF32 function) { return reduce_table<F32>(function); }

}  // namespace verge
