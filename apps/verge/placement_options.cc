#include "verge/placement_options.h"

#include <cstdio>
#include <cstdlib>

#include "core/text.h"

namespace verge::cli {
namespace {

std::string preferred(const PlacementOptions& options) {
  const char* usual = std::getenv("VERGE_PREFER");
  if (!options.prefer.empty() || !options.require.empty() || !usual) return options.prefer;
  return usual;
}

std::string bare(const std::string& engine) { return engine.substr(0, engine.find('=')); }

// Null where no other engine is asked for.
Result<std::shared_ptr<const Delegate>> delegate_in_force(const PlacementOptions& options, bool all) {
  const std::string name = all ? options.require : options.require == "verge" ? "" : preferred(options);
  if (!name.empty() && bare(name) != options.forbid) return Delegate::open(name);
  if (name.empty() || (options.prefer.empty() && options.require.empty())) return std::shared_ptr<const Delegate>();
  return invalid("'" + options.forbid + "' is both asked for and forbidden");
}

}  // namespace

void add_placement_options(CLI::App& app, PlacementOptions& options) {
  app.add_option("--require", options.require, "this engine runs every node, or none: verge (the default), onnxruntime, a delegate's library");
  app.add_option("--prefer", options.prefer, "another engine for the nodes that Verge lacks: onnxruntime, onnxruntime=LIBRARY, a delegate's library");
  app.add_option("--forbid", options.forbid, "never this engine, whatever VERGE_PREFER in the environment says");
  app.add_option("--plugin", options.plugins, "a shared library with operators of your own (docs/custom-operators.md)");
  app.add_flag("--check-borders", options.check_borders, "compare the other engine's results with Verge's, where Verge has rules for the nodes");
}

Result<std::optional<Engine>> engine_in_force(const PlacementOptions& options) {
  if (!options.require.empty() && !options.prefer.empty()) return invalid("--require " + options.require + " and --prefer " + options.prefer + " contradict each other");
  Engine engine;
  engine.all = !options.require.empty() && options.require != "verge";
  VERGE_TRY(engine.delegate, delegate_in_force(options, engine.all));
  if (!options.plugins.empty()) {
    VERGE_TRY(engine.plugins, Plugins::load(options.plugins));
  }
  return engine.delegate || engine.plugins ? std::optional(std::move(engine)) : std::nullopt;
}

Result<LoadOptions> load_placed(const PlacementOptions& options, const Engine& engine, const std::string& path, LoadOptions load, const std::vector<ops::HostValue>& inputs) {
  load.delegate = engine.delegate;
  load.plugins = engine.plugins;
  load.check_borders = options.check_borders;
  if (!engine.delegate) return load;
  VERGE_TRY(const Placement placement, place_nodes(path, load, inputs, engine.all));
  if (!placement.problem.empty()) return unsupported("'" + path + "': " + placement.problem);
  return placed(load, placement);
}

Json partitions_json(const std::vector<const PartitionReport*>& partitions) {
  Json out = Json::array();
  for (const PartitionReport* p : partitions) {
    Json nodes = Json::array();
    for (const auto& m : p->members) nodes.push_back(m.node);
    out.push_back({{"engine", p->engine}, {"nodes", std::move(nodes)}, {"runs", p->runs}, {"mean_ms", p->runs ? p->ms / static_cast<double>(p->runs) : 0}, {"bytes_in", p->bytes_in},
                   {"bytes_out", p->bytes_out}, {"not_finite", p->not_finite}, {"checked", p->checked}, {"worst", p->checked ? Json(p->worst) : Json()}});
  }
  return out;
}

void print_partitions(const std::vector<const PartitionReport*>& partitions) {
  for (const PartitionReport* p : partitions) {
    std::printf("  %s: %zu node%s from '%s', %zu runs, %.4f ms each, %s in, %s out", p->engine.c_str(), p->members.size(), p->members.size() == 1 ? "" : "s", p->members.front().node.c_str(),
                p->runs, p->ms / static_cast<double>(std::max<size_t>(p->runs, 1)), human_bytes(static_cast<double>(p->bytes_in)).c_str(),
                human_bytes(static_cast<double>(p->bytes_out)).c_str());
    if (p->checked) std::printf("; differs from Verge by at most %.2g of the largest value (%zu runs)", p->worst, p->checked);
    if (p->not_finite) std::printf("; NaN or infinities from finite inputs in %zu runs", p->not_finite);
    std::puts("");
  }
}

}  // namespace verge::cli
