// y = f over `axes` (empty: all) of x; keepdims (default 1) leaves them as size 1.
//
//   reduce_sum, _mean, _max, _min, _prod    l1: sum |x|   l2: sqrt(sum x^2)   sum_square: sum x^2   log_sum: log(sum x)   log_sum_exp: log(sum e^x)
//
// Quantised i8 and u8: mean and sum by docs/integer.md, max and min as they are (requantised where the output's scale differs). Plain integers: all
// but l2 and the logarithms, in int64 with wrap-around, the mean toward zero.
#pragma once
#include "kernels/reduce/reduce_f32.h"
#include "ops/op.h"

namespace verge::ops {

ReduceF32 reduce_function(const Node& node);
bool reduces_integers(ReduceF32 function);
// The reduced axes of a tensor of this rank.
Result<std::vector<int>> reduced_axes(const Node& node, int rank);

// Dimensions that remain of x.
std::vector<Dim> reduced_dims(const std::vector<Dim>& dims, const std::vector<int>& axes, bool keep);

Result<void> reference_reduce(ReferenceContext& context);

}  // namespace verge::ops
