// cross_entropy (logits [n, c], target [n, c]) -> loss, gradient
//
//   loss = -1/n * sum over r, i of target[r, i] * log softmax(logits[r])[i];   gradient = d loss / d logits = (softmax * sum of target - target) / n
//
// A target is a distribution: one-hot, smoothed, mixed, or a teacher's.
#include <cmath>

#include "ops/loss/cross_entropy_attrs.h"
#include "ops/op.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(0), &target = c.in(1);
  if (x.rank() != 2 || target.rank() != 2) return invalid("logits are " + x.text() + ", target " + target.text() + ": want [samples, classes]");
  if (x.is_static() && target.is_static() && x.shape() != target.shape()) return invalid("logits are " + x.text() + ", target " + target.text() + ": want equal shapes");
  c.out[0] = TensorType(x.dtype, Shape{});
  c.out[1] = TensorType(x.dtype, x.dims);
  return done();
}

Result<void> reference(ReferenceContext& c) {
  const std::vector<double> x = c.in[0].to_doubles(), t = c.in[1].to_doubles();
  const size_t n = static_cast<size_t>(c.in[0].shape()[1]), rows = x.size() / n;
  std::vector<double> gradient(x.size());
  double loss = 0;
  for (size_t r = 0; r < rows; ++r) {
    double largest = x[r * n], sum = 0, all = 0;
    for (size_t i = 0; i < n; ++i) largest = std::max(largest, x[r * n + i]);
    for (size_t i = 0; i < n; ++i) sum += std::exp(x[r * n + i] - largest), all += t[r * n + i];
    for (size_t i = 0; i < n; ++i) {
      const double log_softmax = x[r * n + i] - largest - std::log(sum);
      loss -= t[r * n + i] * log_softmax / static_cast<double>(rows);
      gradient[r * n + i] = (std::exp(log_softmax) * all - t[r * n + i]) / static_cast<double>(rows);
    }
  }
  store({loss}, c.out[0]);
  store(gradient, c.out[1]);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  emitter.emit(exec::Op::cross_entropy_f32, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))},
               {emitter.tensor(node.output(0)), emitter.tensor(node.output(1))}, exec::CrossEntropyAttrs{});
  return done();
}

}  // namespace

VERGE_OP_METHODS(cross_entropy) = {.infer = infer, .reference = reference, .lower = lower};

}  // namespace verge::ops
