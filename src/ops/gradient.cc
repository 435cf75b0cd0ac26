#include "ops/gradient.h"

#include <cmath>

#include "ops/quantized.h"

namespace verge::ops {
namespace {

struct Line {
  std::string_view op;
  GradientFn function;
};

constexpr Line kLines[] = {
#define VERGE_GRADIENT(op, function) {#op, function},
#include "ops/gradients.inc"
#undef VERGE_GRADIENT
};

std::vector<int64_t> sizes(const Shape& shape) { return {shape.dim, shape.dim + shape.rank}; }

}  // namespace

GradientFn find_gradient(std::string_view op) {
  for (const Line& line : kLines)
    if (line.op == op) return line.function;
  return nullptr;
}

std::vector<ValueId> GradientContext::add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, size_t outputs) {
  for (ValueId& v : inputs)
    if (v.valid()) v = read_(v);
  const NodeId id = graph_.add_node({op, std::move(inputs), std::move(attrs), node.name + "." + op, outputs, {}});
  if (auto inferred = infer_node(graph_, graph_.node(id)); !inferred.ok()) fail(std::move(inferred).error());
  return graph_.node(id).outputs;
}

ValueId GradientContext::number(double value) { return graph_.add_constant(Tensor::scalar(static_cast<float>(value))); }

ValueId GradientContext::reshape(ValueId value, const Shape& to) { return shape(value) == to ? value : add("reshape", {value}, {{"shape", sizes(to)}}); }

ValueId GradientContext::reduce_to(ValueId value, const Shape& to) {
  const Shape from = shape(value);
  const int more = from.rank - to.rank;
  std::vector<int64_t> axes;
  for (int d = 0; d < from.rank; ++d)
    if (from[d] != 1 && (d < more || to[d - more] == 1)) axes.push_back(d);
  if (!axes.empty()) value = add("reduce_sum", {value}, {{"axes", axes}, {"keepdims", int64_t{1}}});
  return reshape(value, to);
}

ValueId GradientContext::through_clamp() {
  const RealClamp clamp = real_clamp(node);
  if (std::isinf(clamp.min) && std::isinf(clamp.max)) return dy();
  return add("clamp_gradient", {out(), dy()}, {{"clamp_min", clamp.min}, {"clamp_max", clamp.max}});
}

}  // namespace verge::ops
