#include "engine/parted.h"

#include <algorithm>
#include <filesystem>

#include "delegate/plugin.h"
#include "engine/control.h"
#include "engine/picture_nodes.h"
#include "formats/format.h"
#include "formats/onnx/parts.h"
#include "ops/host/host_ops.h"
#include "os/clock.h"
#include "os/file.h"

namespace verge {
namespace {

using formats::HostNode;
using formats::PartSource;
using ops::HostValue;
using Values = PartedModel::Values;

constexpr size_t kMostPrepared = 256;  // beyond it every preparation is forgotten

std::string text_of(const Tensor& t) { return TensorType(t.dtype(), t.shape()).text(); }

// What a preparation depends on: types of all values, and elements of those that were told.
std::string signature(const Values& values, const std::set<std::string>& told) {
  std::string out;
  for (const auto& [key, value] : values) {
    out += key + (value.is_tensor() ? " " + text_of(value.tensor) : std::string(" other")) + '\n';
    if (!told.count(key)) continue;
    out += "told ";
    if (value.is_tensor()) out.append(reinterpret_cast<const char*>(value.tensor.bytes().data()), value.tensor.bytes().size());
  }
  return out;
}

formats::Present present_of(const Values& values, const std::set<std::string>& told) {
  formats::Present out;
  for (const auto& [key, value] : values) {
    if (!value.is_tensor()) {
      out.others.insert(key);
      continue;
    }
    out.tensors[key] = TensorType(value.tensor.dtype(), value.tensor.shape());
    if (told.count(key)) out.elements[key] = value.tensor;
  }
  return out;
}

Result<const HostValue*> value_at(const Values& values, const std::string& key) {
  const auto it = values.find(key);
  if (it == values.end()) return internal("value '" + key + "' is not present between parts");
  return &it->second;
}

// The input as the model declares it.
Result<void> check_input(const PartSource::Port& port, const HostValue& value) {
  if (port.kind == PartSource::Kind::kOther) return unsupported("input '" + port.name + "' is neither a tensor nor a sequence or optional of tensors");
  const bool texts_wanted = port.kind == PartSource::Kind::kTensor && port.type.dtype == DataType::kNone;
  if (value.kind == HostValue::Kind::kText && texts_wanted) return done();
  if (port.kind == PartSource::Kind::kTensor && !value.is_tensor()) return invalid("input '" + port.name + "' wants a tensor");
  if (port.kind != PartSource::Kind::kTensor || port.type.dtype == DataType::kNone) return done();
  const Tensor& t = value.tensor;
  bool fits = t.dtype() == port.type.dtype && (!port.type.ranked || port.type.rank() == t.shape().rank);
  for (int i = 0; fits && port.type.ranked && i < t.shape().rank; ++i) fits = !port.type.dims[i].known() || port.type.dims[i].size == t.shape()[i];
  if (fits) return done();
  return invalid("input '" + port.name + "' is " + port.type.text() + "; the shape or type of the tensor given is another: " + text_of(t));
}

}  // namespace

Result<std::vector<HostValue>> PartedModel::run(const std::vector<HostValue>& inputs, const Values& captured) {
  const std::vector<PartSource::Port> ports = source_->inputs();
  if (inputs.size() != ports.size()) return invalid("the model has " + std::to_string(ports.size()) + " inputs, " + std::to_string(inputs.size()) + " were given");
  Values values = captured;
  for (size_t i = 0; i < ports.size(); ++i) {
    VERGE_CHECK(check_input(ports[i], inputs[i]));
    values[ports[i].name] = inputs[i];
  }
  std::set<std::string> told;
  const std::vector<PartSource::Port> wanted = source_->outputs();
  const auto finished = [&] { return std::all_of(wanted.begin(), wanted.end(), [&](const PartSource::Port& port) { return values.count(port.name) != 0; }); };
  for (parts_ = 0; !finished();) {
    const size_t known = values.size() + told.size();
    VERGE_TRY(Prepared* const p, prepared(values, told));
    told.insert(p->part.asked.begin(), p->part.asked.end());
    if (p->part.asked.empty()) {
      VERGE_CHECK(advance(*p, values));
      told.insert(p->part.wanted.begin(), p->part.wanted.end());
      ++parts_;
    }
    if (values.size() + told.size() == known) return internal("a part of the model made no progress");
  }
  std::vector<HostValue> out;
  for (const PartSource::Port& port : wanted) out.push_back(values[port.name]);
  return out;
}

Result<PartedModel::Prepared*> PartedModel::prepared(const Values& values, const std::set<std::string>& told) {
  const std::string key = signature(values, told);
  if (const auto it = cache_.find(key); it != cache_.end()) return it->second.get();
  if (cache_.size() >= kMostPrepared) {
    cache_.clear();
    partitions_.clear();
  }
  auto made = std::make_unique<Prepared>();
  VERGE_TRY(made->part, source_->next(present_of(values, told)));
  const bool runs = made->part.asked.empty() && !made->part.graph.outputs().empty();
  if (runs) {
    VERGE_TRY(const Lowered lowered, compile(made->part.graph, options_));
    VERGE_TRY(made->executable, Executable::open(lowered.program, {options_.threads}));
  }
  return (cache_[key] = std::move(made)).get();
}

Result<void> PartedModel::advance(Prepared& prepared, Values& values) {
  for (const auto& [key, tensor] : prepared.part.constants) values[key] = tensor;
  for (const auto& [key, from] : prepared.part.aliases) {
    VERGE_TRY(const HostValue* const value, value_at(values, from));
    values[key] = HostValue(*value);
  }
  if (prepared.executable) VERGE_CHECK(run_program(prepared, values));
  if (observed_) note(prepared, values);
  for (const HostNode& node : prepared.part.host) VERGE_CHECK(carry_out(prepared, node, values), "node '" + node.name + "' (" + node.op + ")");
  return done();
}

Result<void> PartedModel::run_program(Prepared& prepared, Values& values) {
  Executable& executable = *prepared.executable;
  const Graph& graph = prepared.part.graph;  // passes keep its inputs and outputs, the Program's tensors may have other names
  for (size_t i = 0; i < executable.input_count(); ++i) {
    VERGE_TRY(const HostValue* const value, value_at(values, graph.value(graph.inputs()[i]).name));
    VERGE_CHECK(executable.set_input(i, value->tensor));
  }
  VERGE_CHECK(executable.run());
  for (size_t i = 0; i < executable.output_count(); ++i) values[graph.output_name(i)] = executable.output(i);
  return done();
}

PartedModel& PartedModel::body(Prepared& prepared, const HostNode& node, const std::string& name) {
  std::unique_ptr<PartedModel>& made = prepared.bodies[&node][name];
  if (!made) made = std::make_unique<PartedModel>(node.bodies.at(name).source, options_);
  return *made;
}

std::vector<const PartitionReport*> PartedModel::partitions() const {
  std::vector<const PartitionReport*> out;
  for (const auto& p : partitions_) out.push_back(&p->report());
  for (const auto& [node, report] : custom_) out.push_back(&report);
  return out;
}

void PartedModel::note(const Prepared& prepared, const Values& values) {
  for (const auto& [name, work] : prepared.part.work) observed_->work[name] = work;
  for (const HostNode& node : prepared.part.host) {
    if (node.custom) continue;
    if (!node.handed_over) {
      observed_->on_host.insert(node.name);
      continue;
    }
    for (const auto& member : node.handed_over->members) observed_->elsewhere[member.node] = member.reason;
  }
  for (const auto& [key, value] : values)
    if (value.is_tensor()) observed_->types[key] = TensorType(value.tensor.dtype(), value.tensor.shape());
}

Result<void> PartedModel::run_elsewhere(Prepared& prepared, const HostNode& node, Values& values) {
  if (!options_.delegate) return unsupported("no other engine is at hand for it");
  Partition*& partition = prepared.partitions[&node];
  if (!partition) {
    VERGE_TRY(std::unique_ptr<Partition> made, Partition::open(options_.delegate, node.handed_over, options_.threads, options_.check_borders));
    partitions_.push_back(std::move(made));
    partition = partitions_.back().get();
  }
  std::vector<Tensor> inputs;
  for (const std::string& key : node.inputs) {
    VERGE_TRY(const HostValue* const value, value_at(values, key));
    if (!value->is_tensor()) return unsupported("'" + key + "' is no tensor, and only tensors are handed to another engine");
    inputs.push_back(value->tensor);
  }
  VERGE_TRY(std::vector<Tensor> outputs, partition->run(inputs));
  for (size_t i = 0; i < node.outputs.size(); ++i) values[node.outputs[i]] = std::move(outputs[i]);
  return done();
}

Result<void> PartedModel::run_plugin(const HostNode& node, Values& values) {
  const auto [op, plugin] = options_.plugins ? options_.plugins->find(node.domain, node.op) : Plugins::Found{nullptr, ""};
  if (!op) return unsupported("the plug-in that has this operator is not loaded (--plugin)");
  std::vector<Tensor> inputs;
  PartitionReport& report = custom_[node.name];
  report.bytes_in = report.bytes_out = 0;
  for (const std::string& key : node.inputs) {
    inputs.emplace_back();
    if (key.empty()) continue;
    VERGE_TRY(const HostValue* const value, value_at(values, key));
    if (!value->is_tensor()) return unsupported("'" + key + "' is no tensor, and plug-ins take only those");
    inputs.back() = value->tensor;
    report.bytes_in += inputs.back().bytes().size();
  }
  const CustomCall call{node.name, node.attrs, inputs, node.outputs.size()};
  const double start = now_s();
  VERGE_TRY(const std::vector<Tensor> outputs, run_custom(*op, call));
  report.engine = plugin;
  report.members = {{node.name, node.op, ""}};
  report.ms += (now_s() - start) * 1e3;
  ++report.runs;
  if (options_.check_borders && op->reference) {
    VERGE_TRY(const std::vector<Tensor> wanted, run_custom(*op, call, true));
    for (size_t i = 0; i < outputs.size(); ++i) report.worst = std::max(report.worst, largest_difference(outputs[i], wanted[i]));
    ++report.checked;
  }
  if (observed_) {
    const VergePluginCost cost = cost_of_custom(*op, call);
    observed_->custom[node.name] = plugin;
    observed_->work[node.name] = {cost.macs, cost.operations, 0};
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    report.bytes_out += outputs[i].bytes().size();
    if (!node.outputs[i].empty()) values[node.outputs[i]] = outputs[i];
  }
  return done();
}

Result<void> PartedModel::carry_out(Prepared& prepared, const HostNode& node, Values& values) {
  if (node.handed_over) return run_elsewhere(prepared, node, values);
  if (node.custom) return run_plugin(node, values);
  std::vector<HostValue> in;
  for (const std::string& key : node.inputs) {
    if (key.empty()) {
      in.emplace_back();
      continue;
    }
    VERGE_TRY(const HostValue* const value, value_at(values, key));
    in.push_back(*value);
  }
  Result<std::vector<HostValue>> out = std::vector<HostValue>();
  if (node.bodies.empty()) {
    const ops::HostCall call{node.op, node.attrs, std::move(in), node.outputs.size()};
    out = is_picture_node(node) ? run_picture_node(call) : ops::run_host_op(call);
  } else {
    const std::string& name = node.bodies.begin()->first;
    PartedModel& model = body(prepared, node, name);
    Values captured;
    for (const auto& [inner, key] : node.bodies.begin()->second.captured) {
      VERGE_TRY(const HostValue* const value, value_at(values, key));
      captured[inner] = *value;
    }
    out = run_control(node, in, model.outputs().size(), [&](const std::vector<HostValue>& arguments) { return model.run(arguments, captured); });
  }
  if (!out.ok()) return std::move(out).error();
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (i >= out->size()) return unsupported("its output " + std::to_string(i) + " has no rule");
    values[node.outputs[i]] = std::move((*out)[i]);
  }
  return done();
}

Result<std::shared_ptr<const PartSource>> open_parts(const std::string& path, const LoadOptions& options) {
  VERGE_TRY(const MappedFile file, MappedFile::open(path));
  if (formats::sniff(file.bytes()) != formats::Format::kOnnx) return unsupported("'" + path + "' is no ONNX file; only those are run in parts");
  formats::ImportOptions import;
  import.dims = options.dims;
  import.values = options.values;
  import.hand_over = options.hand_over;
  if (options.plugins) import.custom = options.plugins->names();
  import.base_dir = std::filesystem::path(path).parent_path().string();
  VERGE_TRY(auto source, formats::onnx::open_parts(file.bytes(), import), "'" + path + "'");
  return source;
}

}  // namespace verge
