// Why a model that works here does not work there: the tensor that a user's own code feeds, against what the declared pipeline makes of the same picture.
//
// Every way in which such code goes astray (layout, colour order, cut, resize, a flip) is tried on the picture; the one after which the user's numbers are
// closest to a straight line over the pixels is named, and the line gives the range.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/tensor.h"
#include "pipeline/preprocess.h"

namespace verge {

struct Finding {
  std::string what;       // "colour order", "layout", "range", "resize", "flip", "values"
  std::string found, wanted;
};

struct Diagnosis {
  bool matches = false;
  double max_abs = 0;        // against the declared pipeline, as the tensors stand
  double explained = 0;      // share of the user's variance that the best reading of the picture explains, 0..1
  std::vector<Finding> findings;
};

// `picture` is u8[height,width,3], `tensor` what the user feeds. kInvalidArgument when it has not as many elements as the model's input.
Result<Diagnosis> diagnose(const Declaration& declaration, const TensorView& input, const Tensor& picture, const Tensor& tensor);

}  // namespace verge
