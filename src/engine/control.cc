#include "engine/control.h"

#include "ops/host/host_ops.h"

namespace verge {
namespace {

using ops::HostValue;
using Values = std::vector<HostValue>;

int64_t integer_of(const formats::HostNode& node, const std::string& name, int64_t otherwise) {
  const auto it = node.attrs.find(name);
  const auto* value = it == node.attrs.end() ? nullptr : std::get_if<int64_t>(&it->second);
  return value ? *value : otherwise;
}

std::vector<int64_t> integers_of(const formats::HostNode& node, const std::string& name, size_t count) {
  const auto it = node.attrs.find(name);
  const auto* values = it == node.attrs.end() ? nullptr : std::get_if<std::vector<int64_t>>(&it->second);
  std::vector<int64_t> out = values ? *values : std::vector<int64_t>();
  out.resize(count, 0);
  return out;
}

Result<double> single(const HostValue& v, const char* what) {
  if (!v.is_tensor() || v.tensor.count() != 1) return invalid(std::string("its ") + what + " is no single number");
  return v.tensor.at(0);
}

// Results of all iterations along a new axis. Without iterations nothing tells the other dimensions.
Result<HostValue> stacked_results(const std::vector<Tensor>& parts, int axis, DataType dtype) {
  if (parts.empty()) return HostValue(Tensor(dtype, {0}));
  VERGE_TRY(Tensor all, ops::stacked(parts, axis));
  return HostValue(std::move(all));
}

Result<Tensor> tensor_of(const HostValue& v, const char* what) {
  if (!v.is_tensor()) return invalid(std::string("its ") + what + " is no tensor");
  return v.tensor;
}

// Loop(M, condition, carried...) -> carried..., scans...; body: (iteration, condition, carried...) -> (condition, carried..., scans...)
Result<Values> run_loop(const Values& in, size_t body_outputs, const RunBody& body) {
  const size_t carried = in.size() < 2 ? 0 : in.size() - 2;
  if (in.size() < 2 || body_outputs < carried + 1) return invalid("it has " + std::to_string(in.size()) + " inputs, its body " + std::to_string(body_outputs) + " outputs");
  double trips = -1, go_on = 1;
  if (in[0].is_tensor()) {
    VERGE_TRY(trips, single(in[0], "trip count"));
  }
  if (in[1].is_tensor()) {
    VERGE_TRY(go_on, single(in[1], "condition"));
  }
  Values state(in.begin() + 2, in.end());
  std::vector<std::vector<Tensor>> scans(body_outputs - 1 - carried);
  for (int64_t i = 0; go_on != 0 && (!in[0].is_tensor() || static_cast<double>(i) < trips); ++i) {
    Values arguments = {Tensor::scalar(i), Tensor::scalar(true)};
    arguments.insert(arguments.end(), state.begin(), state.end());
    VERGE_TRY(const Values results, body(arguments));
    VERGE_TRY(go_on, single(results[0], "body's condition"));
    state.assign(results.begin() + 1, results.begin() + 1 + static_cast<int64_t>(carried));
    for (size_t s = 0; s < scans.size(); ++s) {
      VERGE_TRY(Tensor t, tensor_of(results[1 + carried + s], "scan output"));
      scans[s].push_back(std::move(t));
    }
  }
  for (const auto& parts : scans) {
    VERGE_TRY(HostValue all, stacked_results(parts, 0, DataType::kF32));
    state.push_back(std::move(all));
  }
  return state;
}

struct ScanForm {
  size_t states, scans, outputs;
  std::vector<int64_t> input_directions, output_directions, input_axes, output_axes;
};

int axis_in(int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

// states..., sequences... -> states..., sequences...; the body sees one element of each sequence
Result<Values> scan_once(const ScanForm& f, const Values& in, const RunBody& body) {
  Values state(in.begin(), in.begin() + static_cast<int64_t>(f.states));
  std::vector<Tensor> sequences;
  int64_t steps = -1;
  for (size_t s = 0; s < f.scans; ++s) {
    VERGE_TRY(Tensor t, tensor_of(in[f.states + s], "scan input"));
    const int axis = axis_in(f.input_axes[s], t.shape().rank);
    if (axis < 0 || axis >= t.shape().rank || (steps >= 0 && steps != t.shape()[axis])) return invalid("its scan inputs have different lengths");
    steps = t.shape()[axis];
    sequences.push_back(std::move(t));
  }
  std::vector<std::vector<Tensor>> results(f.outputs);
  for (int64_t i = 0; i < steps; ++i) {
    Values arguments = state;
    for (size_t s = 0; s < f.scans; ++s)
      arguments.emplace_back(ops::element(sequences[s], axis_in(f.input_axes[s], sequences[s].shape().rank), f.input_directions[s] ? steps - 1 - i : i));
    VERGE_TRY(const Values out, body(arguments));
    state.assign(out.begin(), out.begin() + static_cast<int64_t>(f.states));
    for (size_t s = 0; s < f.outputs; ++s) {
      VERGE_TRY(Tensor t, tensor_of(out[f.states + s], "scan output"));
      results[s].insert(f.output_directions[s] ? results[s].begin() : results[s].end(), std::move(t));
    }
  }
  for (size_t s = 0; s < f.outputs; ++s) {
    const int rank = results[s].empty() ? 0 : results[s][0].shape().rank + 1;
    VERGE_TRY(HostValue all, stacked_results(results[s], axis_in(f.output_axes[s], rank), DataType::kF32));
    state.push_back(std::move(all));
  }
  return state;
}

// Opset 8: every input has the batch in front, and sequence lengths come first.
Result<Values> scan_batches(const ScanForm& f, const Values& in, const RunBody& body) {
  VERGE_TRY(const Tensor first, tensor_of(in[0], "input"));
  if (first.shape().rank < 1) return invalid("its inputs have no batch");
  std::vector<std::vector<Tensor>> results(f.states + f.outputs);
  for (int64_t b = 0; b < first.shape()[0]; ++b) {
    Values one;
    for (const HostValue& v : in) {
      VERGE_TRY(const Tensor t, tensor_of(v, "input"));
      if (t.shape().rank < 1 || t.shape()[0] != first.shape()[0]) return invalid("its inputs have different batches");
      one.emplace_back(ops::element(t, 0, b));
    }
    VERGE_TRY(const Values out, scan_once(f, one, body));
    for (size_t i = 0; i < results.size(); ++i) results[i].push_back(out[i].tensor);
  }
  Values all;
  for (const auto& parts : results) {
    VERGE_TRY(HostValue v, stacked_results(parts, 0, DataType::kF32));
    all.push_back(std::move(v));
  }
  return all;
}

Result<Values> run_scan(const formats::HostNode& node, const Values& in, size_t body_outputs, const RunBody& body) {
  const bool batched = node.opset < 9;
  if (batched && !in.empty() && in[0].is_tensor()) return unsupported("sequence lengths of a Scan of opset 8 are not supported");
  const Values values(in.begin() + (batched ? 1 : 0), in.end());
  const auto scans = static_cast<size_t>(integer_of(node, "num_scan_inputs", 0));
  if (scans < 1 || scans > values.size() || values.size() - scans > body_outputs) return invalid("it has " + std::to_string(scans) + " scan inputs among " + std::to_string(values.size()));
  const size_t states = values.size() - scans, outputs = body_outputs - states;
  const ScanForm f{states, scans, outputs, integers_of(node, batched ? "directions" : "scan_input_directions", scans), integers_of(node, "scan_output_directions", outputs),
                   integers_of(node, "scan_input_axes", scans), integers_of(node, "scan_output_axes", outputs)};
  return batched ? scan_batches(f, values, body) : scan_once(f, values, body);
}

// The body on each element of the first sequence; further inputs are sequences of the same length, or tensors that every call sees.
Result<Values> run_map(const Values& in, size_t body_outputs, const RunBody& body) {
  if (in.empty() || in[0].kind != HostValue::Kind::kSequence) return invalid("its first input is no sequence");
  std::vector<std::vector<Tensor>> results(body_outputs);
  for (size_t i = 0; i < in[0].items.size(); ++i) {
    Values arguments;
    for (const HostValue& v : in) {
      if (v.kind == HostValue::Kind::kSequence && i >= v.items.size()) return invalid("its sequences have different lengths");
      arguments.push_back(v.kind == HostValue::Kind::kSequence ? HostValue(v.items[i]) : v);
    }
    VERGE_TRY(const Values out, body(arguments));
    for (size_t o = 0; o < body_outputs; ++o) {
      VERGE_TRY(Tensor t, tensor_of(out[o], "result"));
      results[o].push_back(std::move(t));
    }
  }
  Values all;
  for (auto& items : results) all.push_back(HostValue::sequence(std::move(items)));
  return all;
}

}  // namespace

Result<Values> run_control(const formats::HostNode& node, const Values& inputs, size_t body_outputs, const RunBody& body) {
  if (node.op == "Loop") return run_loop(inputs, body_outputs, body);
  if (node.op == "Scan") return run_scan(node, inputs, body_outputs, body);
  if (node.op == "SequenceMap") return run_map(inputs, body_outputs, body);
  return unsupported("there is no control flow " + node.op);
}

}  // namespace verge
