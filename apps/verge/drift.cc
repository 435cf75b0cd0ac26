#include <cstdio>
#include <random>

#include "agent/drift.h"
#include "core/text.h"
#include "eval/score.h"
#include "os/file.h"
#include "packaging/input_correction.h"
#include "verge/model_data.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct DriftOptions {
  ModelOptions model;
  DataOptions data;
  agent::DriftOptions monitor;
  std::string reference, output, pipeline;
  uint64_t draws = 0, seed = 1;
};

struct Seen {
  std::vector<agent::DriftFeatures> features;
  agent::ChannelMoments moments;
};

// What each sample looks like to the model, behind the model's correction of its inputs.
Result<Seen> seen_by(const DriftOptions& o) {
  VERGE_TRY(ModelAndData both, load_with_data(o.model, o.data, o.pipeline));
  const auto& data = both.data;
  VERGE_TRY(const std::optional<InputCorrection> correction, correction_of(both.model.manifest), "'" + o.model.path + "'");
  const ChannelPlace place = channel_place(both.model.executable.model().input(0).shape);
  Seen out;
  ProgressLine line;
  for (size_t i = 0; i < data->size(); ++i) {
    VERGE_TRY(const Sample sample, data->get(i));
    VERGE_TRY(const std::vector<Tensor> answer, both.model.executable.run(sample.inputs));
    std::vector<float> input = real_values(sample.inputs[0]);
    out.moments.add(input, place.channels, place.first);
    if (correction) correct(*correction, place, input);
    out.features.push_back(agent::drift_features(input, real_values(answer[0])));
    if (i % 64 == 0) line.show("running the model", static_cast<double>(i) / static_cast<double>(data->size()));
  }
  return out;
}

Result<void> learn(const DriftOptions& o) {
  VERGE_TRY(Seen seen, seen_by(o));
  VERGE_TRY(agent::DriftReference reference, agent::DriftReference::learn(std::move(seen.features)));
  reference.moments = {seen.moments.mean(), seen.moments.deviation()};
  VERGE_CHECK(write_file(o.output, canonical_json(reference.to_json()) + "\n"));
  std::printf("wrote %s: %llu samples\n", o.output.c_str(), static_cast<unsigned long long>(reference.samples));
  return done();
}

Json state_of(const agent::DriftMonitor& monitor) {
  Json out = Json::object();
  for (size_t f = 0; f < agent::kDriftFeatures; ++f) out[agent::kDriftNames[f]] = {{"psi", monitor.psi(f)}, {"ks", monitor.ks(f)}};
  return out;
}

Result<void> watch(const DriftOptions& o) {
  VERGE_TRY(const Bytes text, read_file(o.reference));
  VERGE_TRY(const Json json, parse_json({reinterpret_cast<const char*>(text.data()), text.size()}), o.reference);
  VERGE_TRY(const agent::DriftReference reference, agent::DriftReference::parse(json), o.reference);
  VERGE_TRY(const Seen seen, seen_by(o));
  const std::vector<agent::DriftFeatures>& features = seen.features;
  agent::DriftMonitor monitor(reference, o.monitor);
  std::mt19937_64 random(o.seed);
  const uint64_t inferences = o.draws ? o.draws : features.size();
  uint64_t alarms = 0, first = 0;
  Json at_first;
  for (uint64_t i = 0; i < inferences; ++i) {
    if (!monitor.add(features[o.draws ? random() % features.size() : i])) continue;
    if (++alarms > 1) continue;
    first = i + 1;
    at_first = state_of(monitor);
  }
  if (o.model.json) {
    print_json({{"inferences", inferences},
                {"alarms", alarms},
                {"first_alarm", alarms ? Json(first) : Json()},
                {"at_first_alarm", at_first},
                {"at_end", state_of(monitor)},
                {"input", seen.moments.to_json()}});
    return done();
  }
  std::printf("%llu inferences, %llu alarms", static_cast<unsigned long long>(inferences), static_cast<unsigned long long>(alarms));
  if (alarms) std::printf(", the first after %llu", static_cast<unsigned long long>(first));
  std::printf("\n");
  for (size_t f = 0; f < agent::kDriftFeatures; ++f) std::printf("%-16s PSI %6.3f  KS %5.3f\n", agent::kDriftNames[f], monitor.psi(f), monitor.ks(f));
  return done();
}

CLI::App* command(CLI::App* drift, Commands& commands, const std::shared_ptr<DriftOptions>& o, const char* name, const char* help,
                  Result<void> (*body)(const DriftOptions&)) {
  CLI::App* sub = drift->add_subcommand(name, help);
  add_model_options(*sub, o->model);
  add_data_options(*sub, o->data, true);
  sub->add_option("--pipeline", o->pipeline, "pre-processing as JSON or a file of it, instead of the model's own (docs/pipeline.md)");
  commands.push_back({sub, [o, body] { return body(*o); }});
  return sub;
}

}  // namespace

void add_drift(CLI::App& app, Commands& commands) {
  CLI::App* drift = app.add_subcommand("drift", "Whether what a model sees has changed")->require_subcommand(1);
  auto o = std::make_shared<DriftOptions>();
  CLI::App* sub = command(drift, commands, o, "learn",
                          "Write what the model's data look like\n\nExample: verge drift learn model.vpk --data training -o reference.json", learn);
  sub->add_option("-o,--output", o->output, "the reference")->required();
  o = std::make_shared<DriftOptions>();
  sub = command(drift, commands, o, "watch",
                "Compare a stream of data with the reference\n\nExample: verge drift watch model.vpk --data field --reference reference.json", watch);
  sub->add_option("--reference", o->reference, "what  verge drift learn  wrote")->required();
  sub->add_option("--draws", o->draws, "draw so many samples with replacement (default: each once, in order)");
  sub->add_option("--seed", o->seed, "of the draws (default: 1)");
  sub->add_option("--window", o->monitor.window, "inferences that are compared (default: 200)")->check(CLI::Range(40, 100000));
  sub->add_option("--psi", o->monitor.psi_limit, "population stability index that raises the alarm (default: 0.5)");
}

}  // namespace verge::cli
