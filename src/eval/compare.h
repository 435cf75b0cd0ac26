// Two models layer by layer: where their values part, by the tensors that both name.
#pragma once
#include <string>
#include <vector>

#include "eval/dataset.h"
#include "lower/executable.h"

namespace verge {

// One tensor that both Programs compute under the same name with as many elements, over all samples. Quantised values are compared as real numbers.
struct TensorDifference {
  std::string name;
  size_t instruction = 0;  // of the first model, that writes it
  std::string op;          // its operator
  double relative = 0;     // |a - b| / |b|, Euclidean norms; infinite when only b is zero
  double max_abs = 0;
  bool quantised = false;  // in either model
};

// In the first model's order of execution; empty when no name is shared. Runs the first `samples` samples.
Result<std::vector<TensorDifference>> compare_tensors(Executable& a, Executable& b, const Dataset& data_a, const Dataset& data_b, size_t samples);

// The first tensor that differs by more than rounding explains: relative error above 1e-3 in floating point, above 0.15 (about 16 dB) where 8-bit values take part.
// Null when there is none.
const TensorDifference* first_diverging(const std::vector<TensorDifference>& differences);

}  // namespace verge
