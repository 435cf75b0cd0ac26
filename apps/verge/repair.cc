#include "verge/repair.h"

#include <cstdio>

#include "agent/drift.h"
#include "core/digest.h"
#include "core/text.h"
#include "os/file.h"
#include "os/text_file.h"
#include "train/repair.h"
#include "verge/data_options.h"
#include "verge/golden_vector.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  std::string recipe, deployed, reference, seen, output;
  train::FitOptions fit;
  bool json = false;
};

Result<agent::KnownMoments> wanted_moments(const std::string& path) {
  VERGE_TRY(const std::string text, read_text(path));
  VERGE_TRY(const Json json, parse_json(text), path);
  VERGE_TRY(const agent::DriftReference reference, agent::DriftReference::parse(json), path);
  if (!reference.moments) return invalid("'" + path + "' does not say what the inputs' channels are like; make it anew with  verge drift learn");
  return *reference.moments;
}

Result<InputCorrection> correction_for(const Options& o) {
  VERGE_TRY(const agent::KnownMoments wanted, wanted_moments(o.reference));
  VERGE_TRY(const std::string text, read_text(o.seen));
  VERGE_TRY(const Json json, parse_json(text), o.seen);
  VERGE_TRY(const agent::KnownMoments seen, agent::KnownMoments::parse(json.contains("input") ? json["input"] : json), o.seen);
  return matching(wanted.mean, wanted.deviation, seen.mean, seen.deviation);
}

// The deployed package must come from the recipe's file: what has not learnt is taken from there.
Result<PackageFile> deployed_package(const Options& o) {
  VERGE_TRY(PackageFile file, open_package(o.deployed, Verify::kFull));
  VERGE_TRY(const Bytes source, read_file(o.fit.recipe.model), "the recipe's model");
  const std::string from = file.manifest.value("source", Json::object()).value("sha256", "");
  if (from != sha256_hex(source))
    return invalid("'" + o.deployed + "' was not made of '" + o.fit.recipe.model + "', the recipe's model: name the file that it was converted from");
  if (!file.manifest.contains("correction"))
    std::fprintf(stderr, "'%s' was not made with  verge convert --correctable: the update brings two layers more, some 500 bytes\n", o.deployed.c_str());
  return file;
}

Result<train::Repaired> repaired(const Options& o, const InputCorrection& correction) {
  ProgressLine line;
  return train::repair(o.fit, correction, [&](const train::FitProgress& p) {
    line.show(format("epoch %lld of %lld", static_cast<long long>(p.epoch), static_cast<long long>(p.epochs)), p.share, format(", loss %.4f", p.loss));
  });
}

Result<Bytes> package_of(const train::Repaired& made, Json manifest, const InputCorrection& correction) {
  VERGE_TRY(const Lowered lowered, lower(made.graph));
  VERGE_TRY(Executable executable, Executable::open(lowered.program));
  PackageContents contents;
  manifest.erase("sections");
  contents.manifest = std::move(manifest);
  contents.manifest["correction"] = correction_json(correction);
  if (made.report.is_object()) contents.manifest["training"] = {{"samples", made.report["samples"]}, {"data_sha256", made.report["data_sha256"]}};
  contents.program = lowered.program;
  VERGE_TRY(contents.golden.emplace_back(), golden_vector(executable));
  return make_package(contents);
}

void print(const Options& o, const InputCorrection& correction, const Json& report, size_t bytes) {
  if (o.json) return print_json({{"correction", correction_json(correction)}, {"training", report}, {"package_bytes", bytes}, {"output", o.output}});
  for (size_t c = 0; c < correction.gain.size(); ++c)
    std::printf("channel %zu: x' = %.5g x %+.5g\n", c, static_cast<double>(correction.gain[c]), static_cast<double>(correction.offset[c]));
  if (report.contains("history") && !report["history"].empty() && report["history"].back().contains("top1"))
    std::printf("top-1 of the samples that judge: %.2f %% corrected, %.2f %% trained\n", 100 * report["before"].value("top1", 0.0),
                100 * report["history"].back()["top1"].get<double>());
  std::printf("wrote %s (%s)\n", o.output.c_str(), human_bytes(static_cast<double>(bytes)).c_str());
}

Result<void> run_repair(Options& o) {
  VERGE_TRY(const std::string yaml, read_text(o.recipe), "the recipe");
  VERGE_TRY(o.fit.recipe, train::parse_recipe(yaml, o.recipe));
  VERGE_TRY(const PackageFile deployed, deployed_package(o));
  VERGE_TRY(const InputCorrection correction, correction_for(o));
  VERGE_TRY(const train::Repaired made, repaired(o, correction));
  Json manifest = deployed.manifest;
  manifest["parent"] = {{"sha256", sha256_hex(deployed.mapping->bytes())}};
  VERGE_TRY(const Bytes package, package_of(made, std::move(manifest), correction));
  VERGE_CHECK(write_file(o.output, package));
  print(o, correction, made.report, package.size());
  return done();
}

}  // namespace

void add_repair(CLI::App& app, Commands& commands) {
  auto o = std::make_shared<Options>();
  CLI::App* sub =
      app.add_subcommand("repair",
                         "Adapt a deployed model to inputs that have drifted: correct them, then let biases learn\n\n"
                         "Example: verge repair biases.yaml --deployed model.vpk --reference reference.json --seen seen.json --data samples -o next.vpk");
  sub->add_option("recipe", o->recipe, "a recipe as of  verge train ; its \"model\" is the file that the deployed package was made of")->required();
  sub->add_option("--deployed", o->deployed, "the package that runs now, made with  verge convert --correctable")->required();
  sub->add_option("--reference", o->reference, "what  verge drift learn  wrote of the model's own data")->required();
  sub->add_option("--seen", o->seen, "mean and deviation of what comes now: what the device tells as numbers.input, as JSON")->required();
  sub->add_option("-o,--output", o->output, "the package to write")->required();
  add_data_options(*sub, o->fit.data, false);
  sub->add_option("--validation", o->fit.validation, "other samples that judge (default: a share of --data)");
  sub->add_option("--threads", o->fit.threads, "threads (0: every processor)")->default_val(0);
  sub->add_flag("--json", o->json, "print the result as JSON");
  commands.push_back({sub, [o] { return run_repair(*o); }});
}

}  // namespace verge::cli
