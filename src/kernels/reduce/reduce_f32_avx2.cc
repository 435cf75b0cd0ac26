#include "kernels/vec/avx2.h"

#include "kernels/reduce/generic.h"

namespace verge {

ReduceF32Fn reduce_f32_avx2(ReduceF32 function) { return reduce_table<F32>(function); }

}  // namespace verge
