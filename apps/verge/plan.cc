#include <cstdio>

#include "core/text.h"
#include "verge/placement_options.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  PlacementOptions placement;
};

Json node_json(const NodePlace& n) {
  return {{"node", n.node}, {"op", n.op}, {"place", n.place.empty() ? Json() : Json(n.place)}, {"reason", n.reason.empty() ? Json() : Json(n.reason)}, {"estimated_us", n.estimated_us}};
}

std::vector<const PartitionReport*> pointers(const std::vector<PartitionReport>& reports) {
  std::vector<const PartitionReport*> out;
  for (const PartitionReport& r : reports) out.push_back(&r);
  return out;
}

Json plan_json(const std::string& path, const Placement& p) {
  Json nodes = Json::array();
  std::map<std::string, size_t> counts;
  for (const NodePlace& n : p.nodes) {
    nodes.push_back(node_json(n));
    ++counts[n.place.empty() ? "nowhere" : n.place];
  }
  return {{"model", path}, {"runs", p.problem.empty()}, {"problem", p.problem.empty() ? Json() : Json(p.problem)}, {"counts", counts}, {"parts", p.parts}, {"nodes", std::move(nodes)},
          {"partitions", partitions_json(pointers(p.partitions))}};
}

void print_plan(const Placement& p) {
  std::map<std::string, size_t> counts;
  std::puts("place         est. us   node                                      operator");
  for (const NodePlace& n : p.nodes) {
    const std::string place = n.place.empty() ? "nowhere" : n.place;
    ++counts[place];
    std::printf("%-12s %8s   %-40s  %s\n", place.c_str(), n.estimated_us > 0 ? format("%.1f", n.estimated_us).c_str() : "-", n.node.c_str(), n.op.c_str());
    if (!n.reason.empty()) std::printf("%24s %s\n", "", n.reason.c_str());
  }
  std::string sum;
  for (const auto& [place, count] : counts) sum += (sum.empty() ? "" : ", ") + std::to_string(count) + " " + place;
  std::printf("\n%s; %zu part%s of the model on the trial input\n", sum.c_str(), p.parts, p.parts == 1 ? "" : "s");
  print_partitions(pointers(p.partitions));
  if (!p.problem.empty()) std::printf("it cannot run so: %s\n", p.problem.c_str());
}

// Packages and files that are no ONNX run in Verge alone: each instruction of the Program has its node.
Placement verge_alone(const LoadedModel& m) {
  Placement out;
  const rt::Model& model = m.executable.model();
  for (size_t i = 0; i < model.instruction_count(); ++i) out.nodes.push_back({model.instruction_name(i), model.operator_name(i), "verge", "", 0});
  out.parts = 1;
  return out;
}

Result<Placement> plan_of(const Options& o) {
  VERGE_TRY(LoadOptions load, load_options(o.model));
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(o.placement));
  if (engine) load.delegate = engine->delegate, load.plugins = engine->plugins;
  const auto parts = open_parts(o.model.path, load);
  if (!parts.ok() && parts.error().code() == Code::kUnsupported && !engine) {
    VERGE_TRY(const LoadedModel m, load_model(o.model.path, load));
    return verge_alone(m);
  }
  if (!parts.ok()) return Error(parts.error());
  VERGE_TRY(const std::vector<ops::HostValue> inputs, trial_inputs((*parts)->inputs(), load));
  load.check_borders = o.placement.check_borders;
  return place_nodes(o.model.path, load, inputs, engine && engine->all);
}

Result<void> plan(const Options& o) {
  VERGE_TRY(const Placement placement, plan_of(o));
  if (o.model.json) print_json(plan_json(o.model.path, placement));
  else print_plan(placement);
  return done();
}

}  // namespace

void add_plan(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("plan", "Where each node runs, and why not elsewhere\n\nExample: verge plan model.onnx --prefer onnxruntime");
  add_model_options(*sub, options->model);
  add_placement_options(*sub, options->placement);
  commands.push_back({sub, [options] { return plan(*options); }});
}

}  // namespace verge::cli
