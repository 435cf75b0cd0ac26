#include "eval/bisect.h"

#include <cstdio>

#include "verge/command.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

constexpr double kRounding = 1e-5;  // what reordered float sums may differ by

struct Options {
  ModelOptions model;
  size_t samples = 4;
  double tolerance = kRounding;
};

const PassEffect* worst_of(const std::vector<PassEffect>& effects, double tolerance) {
  const PassEffect* worst = nullptr;
  for (const PassEffect& e : effects)
    if (!(e.relative <= tolerance) && (!worst || e.relative > worst->relative)) worst = &e;
  return worst;
}

void print_effects(const std::vector<PassEffect>& effects, const PassEffect* worst) {
  std::puts("  without           the output moves by (relative)   at most");
  for (const PassEffect& e : effects) {
    if (e.needed)
      std::printf("  %-18s needed: the model cannot be lowered without it\n", e.pass.c_str());
    else
      std::printf("%s %-18s %12.3g %31.3g\n", &e == worst ? "->" : "  ", e.pass.c_str(), e.relative, e.max_abs);
  }
}

Result<void> run_bisect(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  std::vector<PassEffect> effects;
  {
    ProgressLine line;
    VERGE_TRY(effects, bisect_passes(o.model.path, load, o.samples, [&](size_t done, size_t all) {
                line.show("leaving out one pass after the other", static_cast<double>(done) / static_cast<double>(all));
              }));
  }
  const PassEffect* worst = worst_of(effects, o.tolerance);
  if (o.model.json) {
    Json passes = Json::array();
    for (const PassEffect& e : effects) passes.push_back({{"pass", e.pass}, {"needed", e.needed}, {"relative", e.relative}, {"max_abs_diff", e.max_abs}});
    print_json(
        {{"model", o.model.path}, {"samples", o.samples}, {"tolerance", o.tolerance}, {"moved_by", worst ? Json(worst->pass) : Json()}, {"passes", passes}});
    return done();
  }
  print_effects(effects, worst);
  if (worst)
    std::printf("the pass '%s' moves the output most; run without it: --skip-pass %s\n", worst->pass.c_str(), worst->pass.c_str());
  else
    std::printf("no pass moves the output by more than %.3g\n", o.tolerance);
  return done();
}

}  // namespace

void add_bisect(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("bisect", "Find the pass that moved a model's output\n\nExample: verge bisect model.onnx");
  add_model_options(*sub, options->model);
  sub->add_option("--samples", options->samples, "seeded random inputs to compare on")->default_val(4)->check(CLI::Range(1, 10000));
  sub->add_option("--tolerance", options->tolerance, "relative difference that rounding explains")->default_val(kRounding);
  commands.push_back({sub, [options] { return run_bisect(*options); }});
}

}  // namespace verge::cli
