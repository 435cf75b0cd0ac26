// Operators that the host carries out between the parts of a model: results whose size depends on data, sequences, optionals. ONNX's names and rules
// (https://onnx.ai/onnx/operators/); control flow stands with the engine.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"
#include "ops/host/host_value.h"

namespace verge::ops {

struct HostCall {
  std::string op;
  const Attrs& attrs;
  std::vector<HostValue> in;  // absent ones are kAbsent
  size_t outputs = 1;

  const HostValue& input(size_t i) const;
  int64_t integer(const std::string& name, int64_t otherwise) const;
  std::string text(const std::string& name, const std::string& otherwise) const;
  bool has(const std::string& name) const { return attrs.count(name) != 0; }
};

// Texts (host_text.cc); null for other operators.
using HostRule = Result<std::vector<HostValue>> (*)(const HostCall&);
HostRule text_rule(const std::string& op);

// Whether the host alone knows the operator, whatever its inputs are.
bool is_host_op(const std::string& op);
// kUnsupported for an operator or type that is not known here, kInvalidArgument for inputs that contradict the operator.
Result<std::vector<HostValue>> run_host_op(const HostCall& call);

// Elements [begin, begin + count) along `axis`.
Tensor slab(const Tensor& t, int axis, int64_t begin, int64_t count);
// Element i along `axis`, without that dimension.
Tensor element(const Tensor& t, int axis, int64_t i);
// Tensors of equal type, and of equal shape but for `axis`, one after the other; kInvalidArgument where they differ.
Result<Tensor> joined(const std::vector<Tensor>& parts, int axis);
// The same along a new dimension.
Result<Tensor> stacked(const std::vector<Tensor>& parts, int axis);

}  // namespace verge::ops
