#include <cstdio>
#include <filesystem>

#include "core/text.h"
#include "eval/bench.h"
#include "eval/tune.h"
#include "lower/tuning.h"
#include "os/file.h"
#include "verge/tune.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  TuneOptions tune;
  bool dry_run = false;
};

Json layers_json(const TuneResult& result) {
  Json out = Json::array();
  for (const TunedLayer& layer : result.layers) {
    Json ways = Json::array();
    for (size_t i = 0; i < layer.ways.size(); ++i) ways.push_back({{"way", way_text(layer.ways[i])}, {"ms", layer.ms[i]}, {"chosen", i == layer.chosen}});
    out.push_back({{"layer", layer_text(layer.kind)}, {"instructions", layer.instructions.size()}, {"ways", ways}});
  }
  return out;
}

void print_layers(const TuneResult& result) {
  for (const TunedLayer& layer : result.layers)
    if (layer.chosen)
      std::printf("  %-58s %2zux  %9.4f -> %9.4f ms  %s\n", layer_text(layer.kind).c_str(), layer.instructions.size(), layer.ms[0], layer.ms[layer.chosen],
                  way_text(layer.ways[layer.chosen]).c_str());
}

// What this machine's file says already of other layers stays.
Result<void> store(const TuneResult& result, const std::string& path, const TuningKey& key) {
  std::string ignored;
  Tuning tuning = read_tuning(path, key, &ignored);
  add_tuned(result, tuning);
  VERGE_CHECK(make_directories(std::filesystem::path(path).parent_path().string()));
  return write_file(path, tuning_text(tuning));
}

Result<void> run_tune(const Options& o) {
  const TuningKey key = tuning_key();
  const std::string path = tuning_path(key);
  if (path.empty() && !o.dry_run) return invalid("there is no place for what is measured: set XDG_CACHE_HOME or HOME to a folder, or use --dry-run");
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  VERGE_TRY(const TuneResult result, tune(m.executable, random_inputs(m.executable.model(), 1), o.tune));
  if (!o.dry_run) VERGE_CHECK(store(result, path, key));
  const double ratio = result.usual_ms / result.tuned_ms;
  if (o.model.json)
    return print_json({{"model", o.model.path}, {"threads", o.model.threads}, {"processor", key.processor}, {"build", key.build}, {"usual_ms", result.usual_ms}, {"tuned_ms", result.tuned_ms},
                       {"ratio", ratio}, {"layers", layers_json(result)}, {"file", o.dry_run ? Json() : Json(path)}, {"label", "measured"}}), done();
  std::printf("%s, %d thread%s, measured on this machine\n", o.model.path.c_str(), o.model.threads, o.model.threads == 1 ? "" : "s");
  print_layers(result);
  std::printf("  inference %.4f -> %.4f ms, %.3f times as fast; %zu kinds of layers with several ways\n", result.usual_ms, result.tuned_ms, ratio, result.layers.size());
  if (!o.dry_run) std::printf("  stored in %s\n", path.c_str());
  return done();
}

}  // namespace

void add_tune(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("tune", "Measure the ways in which a model's layers can be computed here and remember the fastest for every later run on this machine\n\nExample: verge tune model.vpk");
  add_model_options(*sub, options->model);
  sub->add_option("--seconds", options->tune.seconds, "how long to measure; as long again at most to confirm")->default_val(10)->check(CLI::Range(0.05, 3600.0));
  sub->add_flag("--dry-run", options->dry_run, "measure and print, store nothing");
  commands.push_back({sub, [options] { return run_tune(*options); }});
}

}  // namespace verge::cli
