#include "kernels/vec/avx2.h"

#include "kernels/gates/generic.h"

namespace verge {

GatesF32Fns gates_f32_avx2() { return {lstm_cells<F32>, gru_cells<F32>}; }

}  // namespace verge
