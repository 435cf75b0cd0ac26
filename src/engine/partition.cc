#include "engine/partition.h"

#include <algorithm>
#include <cmath>

#include "engine/load.h"
#include "os/clock.h"

namespace verge {
namespace {

size_t bytes_of(std::span<const Tensor> tensors) {
  size_t sum = 0;
  for (const Tensor& t : tensors) sum += t.bytes().size();
  return sum;
}

bool all_finite(std::span<const Tensor> tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor& t) {
    if (t.dtype() != DataType::kF32) return true;
    const auto values = t.values<float>();
    return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  });
}

bool fits(const Tensor& tensor, const TensorType& declared) {
  if (declared.dtype != DataType::kNone && declared.dtype != tensor.dtype()) return false;
  if (!declared.ranked) return true;
  if (declared.rank() != tensor.shape().rank) return false;
  for (int i = 0; i < declared.rank(); ++i)
    if (declared.dims[i].known() && declared.dims[i].size != tensor.shape()[i]) return false;
  return true;
}

}  // namespace

double largest_difference(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return INFINITY;
  double most = 0, largest = 0;
  for (int64_t i = 0; i < a.count(); ++i) {
    const double x = a.at(i), y = b.at(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    most = std::max(most, std::isfinite(x - y) ? std::fabs(x - y) : INFINITY);
    if (std::isfinite(y)) largest = std::max(largest, std::fabs(y));
  }
  return most == 0 ? 0 : most / std::max(largest, 1e-30);
}

Result<std::unique_ptr<Partition>> Partition::open(std::shared_ptr<const Delegate> delegate, std::shared_ptr<const formats::HandedOver> nodes, int threads, bool check) {
  auto out = std::make_unique<Partition>();
  VERGE_TRY(out->model_, delegate->compile(nodes->onnx, threads));
  out->report_.engine = delegate->name();
  out->report_.members = nodes->members;
  if (check) {
    LoadOptions own;
    own.threads = threads;
    auto graph = import_bytes(nodes->onnx, "handed over", own);
    auto lowered = graph.ok() ? compile(*graph, own) : Result<Lowered>(graph.error());
    if (lowered.ok()) {
      VERGE_TRY(out->own_, Executable::open(lowered->program, {threads}));
    }
  }
  out->delegate_ = std::move(delegate);
  out->nodes_ = std::move(nodes);
  return out;
}

Result<std::vector<Tensor>> Partition::run(std::span<const Tensor> inputs) {
  const double start = now_s();
  VERGE_TRY(std::vector<Tensor> outputs, model_->run(inputs));
  report_.ms += (now_s() - start) * 1e3;
  ++report_.runs;
  report_.bytes_in = bytes_of(inputs);
  report_.bytes_out = bytes_of(outputs);
  if (outputs.size() != nodes_->declared.size()) return internal(report_.engine + " gave " + std::to_string(outputs.size()) + " results, " + std::to_string(nodes_->declared.size()) + " are wanted");
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!fits(outputs[i], nodes_->declared[i]))
      return internal(report_.engine + " gave " + TensorType(outputs[i].dtype(), outputs[i].shape()).text() + ", the file declares " + nodes_->declared[i].text());
  if (!all_finite(outputs) && all_finite(inputs)) ++report_.not_finite;
  if (own_) VERGE_CHECK(compare(inputs, outputs));
  return outputs;
}

Result<void> Partition::compare(std::span<const Tensor> inputs, std::span<const Tensor> outputs) {
  VERGE_TRY(const std::vector<Tensor> own, own_->run(inputs));
  for (size_t i = 0; i < own.size(); ++i) report_.worst = std::max(report_.worst, largest_difference(outputs[i], own[i]));
  ++report_.checked;
  return done();
}

}  // namespace verge
