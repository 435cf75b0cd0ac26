#include <algorithm>
#include <cstdio>

#include "core/text.h"
#include "eval/score.h"
#include "fleet/rehearsal.h"
#include "verge/fleet_commands.h"
#include "verge/model_data.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions live;
  std::string candidate, pipeline;
  DataOptions data;
  fleet::RehearsalOptions rehearsal;
};

// The class that the model says for each sample.
Result<std::vector<size_t>> answers(const Options& o, const std::string& path) {
  ModelOptions model = o.live;
  model.path = path;
  VERGE_TRY(ModelAndData both, load_with_data(model, o.data, o.pipeline));
  std::vector<size_t> out;
  ProgressLine line;
  for (size_t i = 0; i < both.data->size(); ++i) {
    VERGE_TRY(const Sample sample, both.data->get(i));
    VERGE_TRY(const std::vector<Tensor> answer, both.model.executable.run(sample.inputs));
    const std::vector<float> scores = real_values(answer[0]);
    out.push_back(static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
    if (i % 64 == 0) line.show("running " + path, static_cast<double>(i) / static_cast<double>(both.data->size()));
  }
  return out;
}

template <class T> T at_share(std::vector<T> values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty() ? T{} : values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))];
}

Result<void> run_rehearse(const Options& o) {
  VERGE_TRY(const auto live, answers(o, o.live.path));
  VERGE_TRY(const auto candidate, answers(o, o.candidate));
  std::vector<bool> agrees;
  for (size_t i = 0; i < live.size(); ++i) agrees.push_back(live[i] == candidate[i]);
  const double agreement = static_cast<double>(std::count(agrees.begin(), agrees.end(), true)) / static_cast<double>(agrees.size());
  fleet::RehearsalOptions options = o.rehearsal;
  if (options.expected == 0) options.expected = agreement;
  VERGE_TRY(const fleet::Rehearsal r, fleet::rehearse(agrees, options));
  const auto small = std::count_if(r.reached.begin(), r.reached.end(), [](double share) { return share <= 0.05; });
  if (o.live.json) {
    print_json({{"agreement", agreement},
                {"expected", options.expected},
                {"samples", agrees.size()},
                {"rollouts", options.rollouts},
                {"devices", options.devices},
                {"stopped", r.stopped},
                {"passed", r.passed},
                {"reached_at_most_5_percent", small},
                {"reached_median", at_share(r.reached, 0.5)},
                {"reached_p95", at_share(r.reached, 0.95)},
                {"runs_median", at_share(r.runs, 0.5)},
                {"runs_p95", at_share(r.runs, 0.95)}});
    return done();
  }
  std::printf("the models agree in %.1f %% of %zu samples, %.1f %% are expected\n%d rollouts to %d devices: %d stopped, %d passed\n", 100 * agreement,
              agrees.size(), 100 * options.expected, options.rollouts, options.devices, r.stopped, r.passed);
  std::printf("until the gate spoke: %.1f %% of the fleet (95th percentile %.1f %%), %lld inferences (%lld)\n", 100 * at_share(r.reached, 0.5),
              100 * at_share(r.reached, 0.95), static_cast<long long>(at_share(r.runs, 0.5)), static_cast<long long>(at_share(r.runs, 0.95)));
  return done();
}

}  // namespace

void add_fleet_rehearse(CLI::App* parent, Commands& commands) {
  const auto o = std::make_shared<Options>();
  o->rehearsal.expected = 0;
  CLI::App* sub =
      parent->add_subcommand("rehearse",
                             "Roll a release out to devices that do not exist, on what both models say of real samples\n\nExample: verge fleet rehearse "
                             "deployed.vpk next.vpk --data photos");
  add_model_options(*sub, o->live);
  sub->add_option("candidate", o->candidate, "the release, .vpk or a source model")->required();
  add_data_options(*sub, o->data, true);
  sub->add_option("--pipeline", o->pipeline, "pre-processing as JSON or a file of it, instead of the models' own (docs/pipeline.md)");
  sub->add_option("--expected", o->rehearsal.expected, "agreement of a good release, 0 to 1 (default: what these two have)");
  sub->add_option("--rollouts", o->rehearsal.rollouts, "how many (default: 200)")->check(CLI::Range(1, 10000));
  sub->add_option("--devices", o->rehearsal.devices, "of the fleet (default: 1000)")->check(CLI::Range(1, 100000));
  sub->add_option("--runs", o->rehearsal.runs_a_report, "shadow inferences between two check-ins (default: 20)")->check(CLI::Range(1, 10000));
  sub->add_option("--seed", o->rehearsal.seed, "of the draws (default: 1)");
  commands.push_back({sub, [o] { return run_rehearse(*o); }});
}

}  // namespace verge::cli
