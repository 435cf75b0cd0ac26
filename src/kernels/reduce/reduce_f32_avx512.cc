#include "kernels/vec/avx512.h"

#include "kernels/reduce/generic.h"

namespace verge {

ReduceF32Fn reduce_f32_avx512(ReduceF32 function) { return reduce_table<F32>(function); }

}  // namespace verge
