// Files with one TensorProto, as test data sets of ONNX hold them (input_0.pb, output_0.pb).
#pragma once
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge::formats::onnx {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// kCorrupt for damaged bytes, kUnsupported for element types that a Tensor cannot hold (strings among them).
Result<NamedTensor> read_tensor_pb(ByteSpan bytes);
Bytes write_tensor_pb(const Tensor& tensor, const std::string& name);

}  // namespace verge::formats::onnx
