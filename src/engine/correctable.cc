#include "engine/correctable.h"

#include <algorithm>

#include "core/text.h"
#include "ops/op.h"

namespace verge {
namespace {

Tensor row(const std::vector<float>& values, bool channels_first) {
  const auto n = static_cast<int32_t>(values.size());
  return Tensor::of(channels_first ? Shape{n, 1, 1} : Shape{n}, values);
}

}  // namespace

Result<void> add_correction(Graph& g, const InputCorrection& correction) {
  const ValueId input = g.inputs()[0];
  const TensorType type = g.type(input);
  if (type.dtype != DataType::kF32)
    return unsupported(std::string("a correction of input '") + g.value(input).name + "', which is " + dtype_name(type.dtype) + "; f32 can be corrected");
  const ChannelPlace place = channel_place(type.shape());
  if (correction.gain.size() != place.channels)
    return invalid(format("a correction of %zu channels for input '%s', which has %zu", correction.gain.size(), g.value(input).name.c_str(), place.channels));
  const std::vector<NodeId> readers = g.users(input);
  const auto add = [&](const char* op, ValueId x, const std::vector<float>& values) {
    const ValueId constant = g.add_constant(row(values, place.first), std::string("correction.") + op);
    return g.node(g.add_node({op, {x, constant}, {}, std::string("correction.") + op, 1, {}})).output();
  };
  const ValueId corrected = add("add", add("mul", input, correction.gain), correction.offset);
  for (const NodeId id : readers) std::replace(g.node(id).inputs.begin(), g.node(id).inputs.end(), input, corrected);
  if (!g.sort()) return internal("the corrected graph has a cycle");
  return ops::infer_types(g);
}

}  // namespace verge
