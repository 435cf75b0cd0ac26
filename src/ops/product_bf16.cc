#include "ops/product_bf16.h"

#include <algorithm>

#include "kernels/gemm_bf16/conv_bf16.h"

namespace verge::ops {
namespace {

constexpr size_t kFewestTerms = 16, kFewestColumns = 8;  // of a sum, of a group: below, what is filled up with zeros outweighs

bool wanted(const Node& node) { return node.text("precision") == "bf16"; }

}  // namespace

bool by_bf16(const Node& node, const ConvGeometry& g) {
  return g.taps() * g.group_in() >= kFewestTerms && g.group_out() >= kFewestColumns && conv_bf16_fits(g) && wanted(node);
}

bool by_bf16(const Node& node, int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kFewestRows = 8;  // fewer do not repay the packing
  return m >= kFewestRows && k >= static_cast<int64_t>(kFewestTerms) && n >= static_cast<int64_t>(kFewestColumns) && wanted(node);
}

Tensor packed_bf16(const ConvGeometry& g, const Tensor& w) {
  const size_t groups = static_cast<size_t>(g.groups), n = g.group_out(), k = g.taps() * g.group_in(), step = packed_weights_bf16_size(n, k);
  Tensor packed(DataType::kBF16, {static_cast<int32_t>(groups), static_cast<int32_t>(step)});
  for (size_t i = 0; i < groups; ++i) pack_weights_bf16(n, k, w.values<float>().data() + i * n * k, reinterpret_cast<uint16_t*>(packed.data()) + i * step);
  return packed;
}

TensorRef scratch_bf16(Emitter& emitter, const ConvGeometry& g) {
  return emitter.scratch(static_cast<size_t>(std::max(1, emitter.options().threads)) * conv_bf16_scratch_size(g));
}

}  // namespace verge::ops
