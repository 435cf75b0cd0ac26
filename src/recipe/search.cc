#include "recipe/search.h"

#include <algorithm>

#include "recipe/replay.h"
#include "targets/target.h"

namespace verge {
namespace {

std::vector<OptimizeOptions> smaller_forms(const OptimizeOptions& options) {
  std::vector<OptimizeOptions> out = {options};
  if (options.compress || options.decided) return out;
  if (options.plan.weight_bits == 8 && options.plan.activation_bits == 8) {
    out.push_back(options);
    out.back().plan.weight_bits = 4;
  }
  out.push_back(options);
  out.back().plan.activation_bits = out.back().plan.weight_bits = 8;
  out.back().compress = true;
  return out;
}

const Json& chosen_of(const Json& report) {
  const Json& all = report["candidates"];
  return *std::find_if(all.begin(), all.end(), [](const Json& c) { return c["chosen"].get<bool>(); });
}

bool too_large(const Json& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const Json& l) { return l["budget"] == "size" && !l["met"].get<bool>(); });
}

// Whether every bound will be known in the end: judged on a candidate that costs nothing.
Result<void> check_knowable(const OptimizeOptions& options, const Budgets& budgets) {
  Json free = {{"package_bytes", 0.0}, {"arena_bytes", 0.0}, {"latency", options.time ? Json({{"p50_ms", 0.0}}) : Json()}};
  if (options.target != "host") {
    VERGE_TRY(const Target* target, find_target(options.target));
    free["estimate"] = {{"latency_ms", 0.0}, {"energy_mj", target->active_w > 0 ? Json(0.0) : Json()}};
  }
  VERGE_CHECK(judge(budgets, free));
  return done();
}

double p50(const Json& c) { return c["latency"].is_object() ? c["latency"]["p50_ms"].get<double>() : 0; }

bool beats(const Json& a, const Json& b) {
  const double differences[] = {a["drop_points"].get<double>() - b["drop_points"].get<double>(),
                                a["package_bytes"].get<double>() - b["package_bytes"].get<double>(), p50(a) - p50(b)};
  return std::all_of(std::begin(differences), std::end(differences), [](double d) { return d <= 0; }) &&
         std::any_of(std::begin(differences), std::end(differences), [](double d) { return d < 0; });
}

void add_tried(Json& tried, const Json& candidates) {
  for (const Json& c : candidates)
    if (std::none_of(tried.begin(), tried.end(), [&](const Json& t) { return t["name"] == c["name"]; }))
      tried.push_back({{"name", c["name"]},
                       {"drop_points", c["drop_points"]},
                       {"agreement", c["agreement"]},
                       {"package_bytes", c["package_bytes"]},
                       {"latency", c["latency"]}});
}

void mark_pareto(Json& tried) {
  for (Json& c : tried) c["pareto"] = std::none_of(tried.begin(), tried.end(), [&](const Json& other) { return beats(other, c); });
}

}  // namespace

Result<OptimizeOutcome> optimize_within(const OptimizeOptions& options, const Budgets& budgets, const StageProgress& progress) {
  VERGE_CHECK(check_knowable(options, budgets));
  OptimizeOutcome best;
  Json tried = Json::array();
  std::vector<OptimizeOptions> forms;
  std::vector<Json> reports;
  for (const OptimizeOptions& form : smaller_forms(options)) {
    VERGE_TRY(OptimizeOutcome outcome, optimize(form, progress));
    VERGE_TRY(outcome.report["budgets"], judge(budgets, chosen_of(outcome.report)));
    add_tried(tried, outcome.report["candidates"]);
    forms.push_back(form);
    reports.push_back(outcome.report);
    if (best.package.empty() || outcome.package.size() < best.package.size()) best = std::move(outcome);
    if (!too_large(best.report["budgets"])) break;
  }
  mark_pareto(tried);
  best.report["tried"] = std::move(tried);
  best.report["recipe"] = recipe_json(forms, reports, chosen_of(best.report)["package_sha256"].get<std::string>());
  return best;
}

}  // namespace verge
