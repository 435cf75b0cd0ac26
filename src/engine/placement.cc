#include "engine/placement.h"

#include <algorithm>
#include <random>

#include "core/text.h"

namespace verge {
namespace {

using FileNode = formats::PartSource::FileNode;

// One core of a small computer: what a node takes, and what handing over takes. Estimates; only their ratio matters.
constexpr double kMacsPerUs = 10e3, kOperationsPerUs = 1e3, kBytesPerUs = 5e3, kNodeUs = 1, kHandOverUs = 20;

double estimate_us(const formats::NodeWork& w) {
  return kNodeUs + static_cast<double>(w.macs) / kMacsPerUs + static_cast<double>(w.operations) / kOperationsPerUs + static_cast<double>(w.bytes) / kBytesPerUs;
}

// The file's nodes as a graph of indices.
struct Links {
  std::vector<std::vector<size_t>> after, before;
  explicit Links(const std::vector<FileNode>& nodes) : after(nodes.size()), before(nodes.size()) {
    std::map<std::string, size_t> producer;
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const std::string& in : nodes[i].inputs) {
        const auto from = producer.find(in);
        if (from == producer.end()) continue;
        after[from->second].push_back(i);
        before[i].push_back(from->second);
      }
      for (const std::string& out : nodes[i].outputs) producer[out] = i;
    }
  }
};

// Nodes that can be reached from `from`, itself left out unless another of them leads there.
std::vector<bool> reached(const std::vector<std::vector<size_t>>& links, const std::vector<bool>& from) {
  std::vector<bool> out(from.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i]) open.push_back(i);
  while (!open.empty()) {
    const size_t i = open.back();
    open.pop_back();
    for (size_t j : links[i])
      if (!out[j]) out[j] = true, open.push_back(j);
  }
  return out;
}

struct Island {
  std::vector<size_t> nodes;
  double own_us = 0, crossing_us = 0;
};

class Islands {
 public:
  Islands(const std::vector<FileNode>& nodes, const Observed& observed) : nodes_(nodes), observed_(observed), links_(nodes), away_(nodes.size()), between_(nodes.size()) {
    for (size_t i = 0; i < nodes.size(); ++i) away_[i] = observed.elsewhere.count(nodes[i].name) != 0;
    const std::vector<bool> behind = reached(links_.after, away_), ahead = reached(links_.before, away_);
    for (size_t i = 0; i < nodes.size(); ++i) between_[i] = behind[i] && ahead[i] && !away_[i] && observed.work.count(nodes[i].name) && !observed.custom.count(nodes[i].name);
  }

  std::vector<Island> all() {
    std::vector<Island> out;
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (between_[i]) out.push_back(grow(i));
    return out;
  }

 private:
  Island grow(size_t first) {
    Island island;
    std::vector<size_t> open = {first};
    between_[first] = false;
    std::set<std::string> crossing;
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      island.nodes.push_back(i);
      island.own_us += estimate_us(observed_.work.at(nodes_[i].name));
      for (const auto* links : {&links_.after, &links_.before})
        for (size_t j : (*links)[i]) {
          if (away_[j]) cross(i, j, crossing);
          if (between_[j]) between_[j] = false, open.push_back(j);
        }
    }
    island.crossing_us = 2 * kHandOverUs;
    for (const std::string& value : crossing)
      if (const auto type = observed_.types.find(value); type != observed_.types.end())
        island.crossing_us += static_cast<double>(dtype_bytes(type->second.dtype, static_cast<size_t>(type->second.shape().count()))) / kBytesPerUs;
    std::sort(island.nodes.begin(), island.nodes.end());
    return island;
  }

  void cross(size_t i, size_t j, std::set<std::string>& crossing) const {
    for (const auto& [from, to] : {std::pair(i, j), std::pair(j, i)})
      for (const std::string& value : nodes_[from].outputs)
        if (std::count(nodes_[to].inputs.begin(), nodes_[to].inputs.end(), value)) crossing.insert(value);
  }

  const std::vector<FileNode>& nodes_;
  const Observed& observed_;
  Links links_;
  std::vector<bool> away_, between_;
};

struct Trial {
  Observed observed;
  std::vector<PartitionReport> partitions;
  size_t parts = 0;
  std::string problem;
};

Result<Trial> try_out(const std::string& path, LoadOptions options, formats::HandOver chosen, const std::vector<ops::HostValue>& inputs) {
  options.hand_over = std::make_shared<const formats::HandOver>(std::move(chosen));
  VERGE_TRY(const auto source, open_parts(path, options));
  PartedModel model(source, options);
  Trial out;
  model.observe(&out.observed);
  const auto ran = model.run(inputs);
  if (!ran.ok() && ran.error().code() != Code::kUnsupported) return Error(ran.error());
  if (!ran.ok()) out.problem = options.delegate ? ran.error().message() : "nodes have no place; another engine may have them: --prefer onnxruntime (docs/placement.md), or a plug-in (docs/custom-operators.md)";
  for (const PartitionReport* p : model.partitions()) out.partitions.push_back(*p);
  out.parts = model.parts_of_last_run();
  return out;
}

NodePlace place_of(const FileNode& node, const Observed& observed, const std::string& engine) {
  NodePlace out{node.name, node.op, "verge", "", 0};
  if (const auto work = observed.work.find(node.name); work != observed.work.end()) out.estimated_us = estimate_us(work->second);
  if (const auto it = observed.elsewhere.find(node.name); it != observed.elsewhere.end()) out.place = engine, out.reason = it->second;
  else if (const auto custom = observed.custom.find(node.name); custom != observed.custom.end()) out.place = custom->second, out.reason = "this plug-in has the operator";
  else if (observed.on_host.count(node.name)) out.place = "host", out.reason = "its course, or the size of its result, depends on data";
  else if (!node.has_rule) out.place = engine, out.reason = "Verge has no rule for this operator";
  return out;
}

}  // namespace

Result<std::vector<ops::HostValue>> trial_inputs(const std::vector<formats::PartSource::Port>& ports, const LoadOptions& options) {
  std::mt19937 random(1);
  std::vector<ops::HostValue> out;
  for (const auto& port : ports) {
    if (port.kind != formats::PartSource::Kind::kTensor || port.type.dtype == DataType::kNone || !port.type.ranked)
      return unsupported("input '" + port.name + "' is no tensor of known rank: nothing can be tried with it");
    Shape shape;
    shape.rank = port.type.rank();
    for (int i = 0; i < shape.rank; ++i) {
      const Dim& d = port.type.dims[i];
      const auto size = options.dims.find(d.symbol.empty() ? port.name + "." + std::to_string(i) : d.symbol);
      shape.dim[i] = static_cast<int32_t>(d.known() ? d.size : size != options.dims.end() ? size->second : 1);
    }
    Tensor tensor(port.type.dtype, shape);
    if (port.type.dtype == DataType::kF32)
      for (float& x : tensor.mut<float>()) x = static_cast<float>(random()) * 0x1p-31F - 1;
    out.emplace_back(std::move(tensor));
  }
  return out;
}

Result<Placement> place_nodes(const std::string& path, const LoadOptions& options, const std::vector<ops::HostValue>& inputs, bool all) {
  VERGE_TRY(const auto source, open_parts(path, options));
  VERGE_TRY(const std::vector<FileNode> nodes, source->nodes());
  Placement out;
  out.chosen.all = all;
  VERGE_TRY(Trial trial, try_out(path, options, out.chosen, inputs));
  std::map<std::string, std::string> moved, stays;
  if (trial.problem.empty() && !all) {
    for (const Island& island : Islands(nodes, trial.observed).all()) {
      const bool moves = island.own_us < island.crossing_us;
      const std::string why = format("lies between nodes of %s: its %zu nodes take %.0f us, two more hand-overs %.0f us (estimated)", options.delegate->name().c_str(),
                                     island.nodes.size(), island.own_us, island.crossing_us);
      for (size_t i : island.nodes) (moves ? moved : stays)[nodes[i].name] = why;
    }
    for (const auto& [name, why] : moved) out.chosen.nodes.insert(name);
  }
  if (!moved.empty()) {
    VERGE_TRY(Trial again, try_out(path, options, out.chosen, inputs));
    if (again.problem.empty()) trial.partitions = std::move(again.partitions), trial.parts = again.parts;
    else moved.clear(), out.chosen.nodes.clear();
  }
  const std::string engine = options.delegate ? options.delegate->name() : "";
  for (const FileNode& node : nodes) {
    out.nodes.push_back(place_of(node, trial.observed, engine));
    if (const auto it = moved.find(node.name); it != moved.end()) out.nodes.back().place = engine, out.nodes.back().reason = it->second;
    else if (const auto kept = stays.find(node.name); kept != stays.end()) out.nodes.back().reason = kept->second;
  }
  out.partitions = std::move(trial.partitions);
  out.parts = trial.parts;
  out.problem = std::move(trial.problem);
  return out;
}

LoadOptions placed(LoadOptions options, const Placement& placement) {
  options.hand_over = std::make_shared<const formats::HandOver>(placement.chosen);
  return options;
}

}  // namespace verge
