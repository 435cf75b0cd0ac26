#include "ops/reshape/reshape.h"

#include "core/text.h"

namespace verge::ops {
namespace {

// The one dimension that -1 stands for: what remains of the input's count. Unknown dimensions that both sides copy cancel.
Result<Dim> remaining(const TensorType& x, const std::vector<int64_t>& shape, const std::vector<Dim>& dims) {
  int64_t have = 1, used = 1;
  std::vector<bool> copied(x.dims.size(), false);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0) copied[i] = true;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    if (copied[i]) continue;
    if (!x.dims[i].known()) return Dim();
    have *= x.dims[i].size;
  }
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] > 0) used *= dims[i].size;
  if (used == 0 || have % used != 0) return invalid("cannot reshape " + x.text() + " to " + bracketed(shape));
  return Dim(have / used);
}

Result<void> infer(InferContext& c) {
  const TensorType& x = c.in(0);
  const std::vector<int64_t> shape = c.node.integers("shape");
  TensorType& y = c.out[0];
  y.dtype = x.dtype;
  y.quant = x.quant.per_channel() ? QuantParams{} : x.quant;
  y.ranked = true;
  int unknown = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < -1) return invalid("shape " + bracketed(shape) + " has a dimension below -1");
    if (shape[i] == 0 && (!x.ranked || i >= x.dims.size())) return invalid("shape " + bracketed(shape) + " copies dimension " + std::to_string(i) + " of " + x.text());
    if (shape[i] == -1 && unknown >= 0) return invalid("shape " + bracketed(shape) + " has two dimensions -1");
    if (shape[i] == -1) unknown = static_cast<int>(i);
    y.dims.push_back(shape[i] == 0 ? x.dims[i] : shape[i] == -1 ? Dim() : Dim(shape[i]));
  }
  if (unknown >= 0 && x.ranked) {
    VERGE_TRY(y.dims[unknown], remaining(x, shape, y.dims));
  }
  if (x.is_static() && y.is_static() && x.shape().count() != y.shape().count())
    return invalid("cannot reshape " + x.text() + " to " + bracketed(shape) + ": " + std::to_string(x.shape().count()) + " elements against " +
                   std::to_string(y.shape().count()));
  return done();
}

Cost cost(const Graph&, const Node&) { return {}; }

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

Result<void> lower(const Node& node, Emitter& emitter) { return emitter.alias(node.output(), node.input(0)); }

}  // namespace

VERGE_OP_METHODS(reshape) = {.infer = infer, .cost = cost, .reference = reference_reshape, .quant = quant, .lower = lower};

}  // namespace verge::ops
