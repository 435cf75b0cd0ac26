// A scale and a shift for each channel after a convolution or a dense layer go into its weights and bias: batch normalisation, and + - * / with constants.
//
//   a = conv x w b                              a = conv x w*s b*s+t
//   y = batch_norm a scale bias mean var   ->   out a
//   out y
//
//   where s = scale / sqrt(var + epsilon), t = bias - mean * s, computed in double and rounded once.
#include <algorithm>
#include <cmath>

#include "ir/match.h"
#include "passes/channels.h"
#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool is_one(double v) { return v == 1; }

// weights[o, ...] * scale[o]
Tensor scaled_rows(const Tensor& weights, const std::vector<double>& scale) {
  Tensor out(weights.dtype(), weights.shape());
  const std::span<const float> from = weights.values<float>();
  const std::span<float> to = out.mut<float>();
  const size_t row = from.size() / scale.size();
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i] * scale[i / row]);
  return out;
}

Tensor affine_bias(const Tensor* bias, const ChannelAffine& affine) {
  Tensor out(DataType::kF32, {static_cast<int32_t>(affine.scale.size())});
  const std::span<float> to = out.mut<float>();
  for (size_t c = 0; c < to.size(); ++c) to[c] = static_cast<float>((bias ? bias->at(static_cast<int64_t>(c)) : 0) * affine.scale[c] + affine.shift[c]);
  return out;
}

// A layer whose weights may take a factor for each output channel: weights and bias are constants, nothing else is fused yet, nobody else reads its output.
bool can_take(const Graph& g, const Node* layer) {
  if (!layer || (layer->op != "conv" && layer->op != "conv_transpose" && layer->op != "dense") || layer->input(3).valid() || !fused_bounds(*layer).unbounded()) return false;
  const Tensor *w = g.constant(layer->input(1)), *b = g.constant(layer->input(2));
  return w && w->dtype() == DataType::kF32 && w->count() > 0 && (b ? b->dtype() == DataType::kF32 : !layer->input(2).valid());
}

std::optional<Patch> fold(const Graph& g, const Node& n, size_t operand) {
  const Node* layer = exclusive_producer(g, n.input(operand));
  if (!can_take(g, layer) || !(g.type(n.input(operand)) == g.type(n.output()))) return std::nullopt;
  const Tensor &w = *g.constant(layer->input(1)), *b = g.constant(layer->input(2));
  const auto affine = channel_affine(g, n, operand, channel_axis(g, *layer), w.shape()[0]);
  if (!affine) return std::nullopt;
  const bool scales = !std::all_of(affine->scale.begin(), affine->scale.end(), is_one);
  Patch p(g);
  const ValueId weights = scales ? p.constant(scaled_rows(w, affine->scale), g.value(layer->input(1)).name) : layer->input(1);
  const std::string bias_name = b ? g.value(layer->input(2)).name : layer->name.empty() ? "" : layer->name + ".bias";
  const ValueId bias = p.constant(affine_bias(b, *affine), bias_name);
  Attrs attrs = fused_attrs(*layer, {&n});
  set_fused_bounds(attrs, fused_bounds(n));
  p.replace(n.output(), p.add(layer->op, {layer->input(0), weights, bias}, std::move(attrs), layer->name));
  return p;
}

std::optional<Patch> fold_either(const Graph& g, const Node& n) {
  auto first = fold(g, n, 0);
  return first || n.op == "batch_norm" ? std::move(first) : fold(g, n, 1);
}

}  // namespace

const Rule kFoldBatchNorm{"fold_batch_norm", "batch_norm", fold_either};
const Rule kFoldChannelwise{"fold_channelwise", "add sub mul div", fold_either};

}  // namespace verge::passes
