// A batch normalisation that no layer before it could take is one multiplication and one addition.
//
//   y = batch_norm x scale bias mean var   ->   a = mul x s
//   out y                                       y = add a t
//                                               out y
#include "passes/channels.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

// [C] as [C, 1, 1], so that it broadcasts along `axis` of `rank`.
Tensor broadcast_constant(const std::vector<double>& values, int rank, int axis) {
  Shape shape;
  shape.rank = rank - axis;
  for (int i = 0; i < shape.rank; ++i) shape[i] = i ? 1 : static_cast<int32_t>(values.size());
  return Tensor::of<float>(shape, std::vector<float>(values.begin(), values.end()));
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const TensorType& x = g.type(n.input(0));
  const Tensor* scale = g.constant(n.input(1));
  if (!scale || !x.ranked || x.dtype != DataType::kF32) return std::nullopt;
  const int64_t given = n.integer("axis", 1);
  const int axis = static_cast<int>(given < 0 ? given + x.rank() : given);
  const auto affine = channel_affine(g, n, 0, axis, scale->count());
  if (!affine) return std::nullopt;
  Patch p(g);
  const ValueId scaled = p.add("mul", {n.input(0), p.constant(broadcast_constant(affine->scale, x.rank(), axis))}, {}, n.name);
  p.replace(n.output(), p.add("add", {scaled, p.constant(broadcast_constant(affine->shift, x.rank(), axis))}, {}, n.name));
  return p;
}

}  // namespace

const Rule kBatchNormToAffine{"batch_norm_to_affine", "batch_norm", propose};

}  // namespace verge::passes
