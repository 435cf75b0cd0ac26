#include "kernels/vec/portable.h"

#include "kernels/batch_norm/generic.h"

namespace verge {

void batch_norm_f32_portable_sums(const BatchNormRows& rows) { for_columns<SumLoop<F32>>(rows); }
void batch_norm_f32_portable_normalise(const BatchNormRows& rows) { for_columns<NormaliseLoop<F32>>(rows); }
void batch_norm_f32_portable_gradient_sums(const BatchNormRows& rows) { for_columns<GradientSumLoop<F32>>(rows); }
void batch_norm_f32_portable_gradient(const BatchNormRows& rows) { for_columns<GradientLoop<F32>>(rows); }

}  // namespace verge
