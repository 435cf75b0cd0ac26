// A matrix product with a constant matrix on the right is a dense layer; its weights are the matrix turned.
//
//   y = matmul x w     ->   y = dense x w^T
//   w: f32[k,n]             w^T: f32[n,k]
#include "passes/rules.h"

namespace verge::passes {
namespace {

Tensor turned(const Tensor& m) {
  const int32_t rows = m.shape()[0], columns = m.shape()[1];
  Tensor out(m.dtype(), {columns, rows});
  const size_t size = dtype_bytes(m.dtype(), 1);
  for (int32_t r = 0; r < rows; ++r)
    for (int32_t c = 0; c < columns; ++c)
      std::memcpy(out.data() + (static_cast<size_t>(c) * rows + r) * size, m.bytes().data() + (static_cast<size_t>(r) * columns + c) * size, size);
  return out;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Tensor* w = g.constant(n.input(1));
  const TensorType& x = g.type(n.input(0));
  if (!w || w->shape().rank != 2 || w->dtype() != DataType::kF32 || !x.ranked || x.rank() < 2) return std::nullopt;
  Attrs attrs = n.attrs;
  attrs.erase("trans_b");
  Patch p(g);
  const ValueId weights = n.integer("trans_b") ? n.input(1) : p.constant(turned(*w), g.value(n.input(1)).name);
  p.replace(n.output(), p.add("dense", {n.input(0), weights}, std::move(attrs), n.name));
  return p;
}

}  // namespace

const Rule kMatmulToDense{"matmul_to_dense", "matmul", propose};

}  // namespace verge::passes
