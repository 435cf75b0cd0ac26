#include <cstdio>

#include "core/text.h"
#include "engine/load.h"
#include "passes/pipelines.h"
#include "recipe/placement_check.h"
#include "targets/target.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  double max_ms = 0;
  std::string rules;
};

// What one target says to a model: all reasons why not, and estimates.
struct Verdict {
  const Target* target;
  std::vector<std::string> reasons;
  Estimate estimate;
};

struct Needs {
  int64_t f32_macs = 0, int8_macs = 0;
  double ram_mb = 0, flash_mb = 0;
};

Needs needs_of(const LoadedModel& m) {
  const rt::Model& model = m.executable.model();
  Needs out;
  for (size_t i = 0; i < model.instruction_count(); ++i) {
    const rt::InstructionRecord& r = model.instruction(i);
    const uint32_t y = model.args(i)[r.in_count];
    const bool integer = y < model.tensor_count() && (model.describe(y).dtype == DataType::kI8 || model.describe(y).dtype == DataType::kU8);
    (integer ? out.int8_macs : out.f32_macs) += static_cast<int64_t>(r.macs);
  }
  out.ram_mb = static_cast<double>(model.session_bytes()) / 1e6;
  out.flash_mb = static_cast<double>(model.const_bytes()) / 1e6;
  return out;
}

Verdict judge(const Target& t, const Needs& n, double max_ms) {
  Verdict v{&t, {}, estimate(t, n.f32_macs, n.int8_macs, static_cast<int64_t>((n.flash_mb + n.ram_mb) * 1e6))};
  // A file system keeps the weights elsewhere, but to run they lie in memory beside the arena.
  const double ram = t.flash_mb > 0 ? n.ram_mb : n.ram_mb + n.flash_mb;
  if (ram > t.ram_mb) v.reasons.push_back(format("wants %.3g MB of RAM, has %.3g", ram, t.ram_mb));
  if (t.flash_mb > 0 && n.flash_mb > t.flash_mb) v.reasons.push_back(format("weights of %.3g MB, flash of %.3g", n.flash_mb, t.flash_mb));
  if (n.f32_macs > 0 && t.f32_macs_per_cycle <= 0) v.reasons.push_back("float layers, and no floating-point unit worth using");
  if (max_ms > 0 && v.estimate.latency_ms > max_ms) v.reasons.push_back(format("%.3g ms, at most %.3g asked for", v.estimate.latency_ms, max_ms));
  return v;
}

Json verdict_json(const Verdict& v) {
  return {{"target", v.target->name},
          {"fits", v.reasons.empty()},
          {"reasons", v.reasons},
          {"estimate",
           {{"latency_ms", v.estimate.latency_ms}, {"energy_mj", v.estimate.energy_mj > 0 ? Json(v.estimate.energy_mj) : Json()}, {"label", "estimated"}}}};
}

void print_check(const PlacementCheck& c) {
  std::printf("%zu of %zu operators keep to the rules of %s (%s)\n", c.placed, c.nodes, c.rules.c_str(), c.source.c_str());
  for (const Violation& v : c.violations) std::printf("  '%s' %s\n", v.node.c_str(), v.what.c_str());
}

Json check_json(const PlacementCheck& c) {
  Json violations = Json::array();
  for (const Violation& v : c.violations) violations.push_back({{"node", v.node}, {"what", v.what}});
  return {{"rules", c.rules}, {"source", c.source}, {"nodes", c.nodes}, {"placed", c.placed}, {"violations", violations}};
}

// A package holds no graph: the file that it was made from, or its export, is judged.
Result<void> check_rules(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(Graph graph, import_file(o.model.path, load));
  passes::PassOptions passes{.only = {}, .skip = load.skip_passes, .after = {}};
  passes.skip.insert(passes.skip.end(), {"tables", "conv_transpose"});  // the accelerator knows these operators by their names
  VERGE_CHECK(passes::prepare_unfused(graph, passes), "'" + o.model.path + "'");
  VERGE_TRY(const PlacementCheck check, check_placement(graph.compacted(), o.rules));
  if (o.model.json) print_json(check_json(check));
  else print_check(check);
  return check.violations.empty() ? done() : Result<void>(Error(Code::kBudget, std::to_string(check.violations.size()) + " violations of the rules of " + o.rules));
}

Result<void> run_fit(const Options& o) {
  if (!o.rules.empty()) return check_rules(o);
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(const LoadedModel m, load_model(o.model.path, load));
  const Needs needs = needs_of(m);
  Json list = Json::array();
  if (!o.model.json) {
    std::printf("%s: %s MACs (%.0f %% int8), weights %s, session %s\n\n", o.model.path.c_str(), with_commas(needs.f32_macs + needs.int8_macs).c_str(),
                100.0 * static_cast<double>(needs.int8_macs) / static_cast<double>(std::max<int64_t>(1, needs.f32_macs + needs.int8_macs)),
                human_bytes(needs.flash_mb * 1e6).c_str(), human_bytes(needs.ram_mb * 1e6).c_str());
    std::puts("  target             fits   est. ms   est. mJ  why not");
  }
  for (const Target& t : all_targets()) {
    const Verdict v = judge(t, needs, o.max_ms);
    list.push_back(verdict_json(v));
    if (o.model.json) continue;
    const std::string energy = v.estimate.energy_mj > 0 ? format("%.3g", v.estimate.energy_mj) : "-";
    std::printf("  %-18s %-4s %9.3g %9s  %s\n", t.name, v.reasons.empty() ? "yes" : "no", v.estimate.latency_ms, energy.c_str(), join(v.reasons, "; ").c_str());
  }
  if (o.model.json)
    print_json({{"model", o.model.path},
                {"f32_macs", needs.f32_macs},
                {"int8_macs", needs.int8_macs},
                {"weight_mb", needs.flash_mb},
                {"session_mb", needs.ram_mb},
                {"targets", list}});
  else
    std::puts("\nLatency and energy are estimated from the targets' profiles (docs/targets.md), on one core; nothing here was measured on them.");
  return done();
}

}  // namespace

void add_fit(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("fit", "Say which devices a model fits on, and why not on the others\n\nExample: verge fit model.vpk --max-ms 50");
  add_model_options(*sub, options->model);
  sub->add_option("--max-ms", options->max_ms, "refuse targets whose estimated latency is above")->check(CLI::PositiveNumber);
  sub->add_option("--rules", options->rules, "instead: every violation of an accelerator's rules, node by node: " + join(placement_rule_names(), ", "));
  commands.push_back({sub, [options] { return run_fit(*options); }});
}

}  // namespace verge::cli
