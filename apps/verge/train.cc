#include "train/fit.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/text.h"
#include "formats/npy.h"
#include "os/file.h"
#include "report/training.h"
#include "train/speed.h"
#include "verge/command.h"
#include "verge/data_options.h"
#include "verge/export_options.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as shells have it
std::atomic<bool> interrupted{false};

struct Options {
  std::string recipe, output, report, max_time, exported, weights, outputs;
  train::FitOptions fit;
  bool json = false;
  double speed = 0;
};

// "40s", "5m", "1h" or seconds.
Result<double> parse_time(const std::string& text) {
  if (text.empty()) return 0.0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (end == text.c_str() || factor == 0 || !(value > 0)) return invalid("--max-time " + text + ": wants a time, as in 40s, 5m or 1h");
  return value * factor;
}

std::string score_text(const Json& line) {
  if (line.contains("top1_clean")) return format("top-1 %.2f %%, clean %.2f %%", line["top1"].get<double>() * 100, line["top1_clean"].get<double>() * 100);
  if (line.contains("top1")) return format("top-1 %.2f %%", line["top1"].get<double>() * 100);
  if (line.contains("mse")) return format("mean square error %.5g", line["mse"].get<double>());
  return "";
}

void print_history(const Json& history) {
  std::printf("%6s %10s %12s %12s %14s\n", "epoch", "loss", "train top-1", "rate", "samples/s");
  for (const Json& h : history)
    std::printf("%6lld %10.4f %12s %12.5f %14s   %s\n", static_cast<long long>(h["epoch"].get<int64_t>()), h["loss"].get<double>(),
                h.contains("train_top1") ? format("%.2f %%", h["train_top1"].get<double>() * 100).c_str() : "-", h["rate"].get<double>(),
                with_commas(static_cast<int64_t>(h["samples_per_second"].get<double>())).c_str(), score_text(h).c_str());
}

Result<void> print_speed(const Options& o) {
  VERGE_TRY(const Json speed, train::training_speed(o.fit.recipe, o.fit.threads, o.speed));
  if (o.json) print_json(speed);
  else std::printf("%s samples/s (median of %lld steps of %lld samples, %d threads, measured)\n", with_commas(static_cast<int64_t>(speed["samples_per_second"].get<double>())).c_str(),
                   static_cast<long long>(speed["steps"].get<int64_t>()), static_cast<long long>(speed["batch"].get<int64_t>()), o.fit.threads);
  return done();
}

// Every parameter as an array of its own; what cannot stand in a file's name becomes an underscore.
Result<void> write_weights(const Graph& network, const std::string& folder) {
  VERGE_CHECK(make_directories(folder));
  for (uint32_t i = 0; i < network.value_count(); ++i) {
    const Tensor* weights = network.constant(ValueId{i});
    if (!weights || weights->dtype() != DataType::kF32) continue;
    std::string name = network.value(ValueId{i}).name;
    for (char& c : name)
      if (c == '/' || c == ':') c = '_';
    VERGE_TRY(const Bytes array, formats::write_npy(*weights));
    VERGE_CHECK(write_file(folder + "/" + name + ".npy", array));
  }
  return done();
}

// ONNX files take pictures channels first, as their readers expect; other samples lie as the network was given them.
Result<void> write_export(Graph graph, const std::string& path) {
  const auto pipeline = graph.metadata.find("verge.pipeline");
  const bool channels_first = export_format(path) == formats::Format::kOnnx && pipeline != graph.metadata.end();
  if (channels_first) {
    Json declared = Json::parse(pipeline->second);
    declared["layout"] = "NCHW";
    pipeline->second = declared.dump();
  }
  return export_file(graph, path, {.channels_first = channels_first, .metadata = graph.metadata});
}

Result<void> write_results(const Options& o, train::FitOutcome& outcome) {
  VERGE_CHECK(write_file(o.output, outcome.package));
  if (!o.exported.empty()) VERGE_CHECK(write_export(outcome.unfused, o.exported));
  if (!o.outputs.empty()) {
    VERGE_TRY(const Bytes array, formats::write_npy(outcome.outputs));
    VERGE_CHECK(write_file(o.outputs, array));
  }
  if (!o.weights.empty()) VERGE_CHECK(write_weights(outcome.network, o.weights));
  const std::string stem = o.output.substr(0, o.output.rfind(".vpk")), report = o.report.empty() ? stem + ".html" : o.report;
  const std::string command = "verge train " + o.recipe + " --data " + o.fit.data.path + " -o " + o.output;
  VERGE_CHECK(write_file(report, training_report(outcome.report, command)));
  outcome.report["output"] = o.output;
  outcome.report["html"] = report;
  if (o.json) {
    print_json(outcome.report);
  } else {
    if (!outcome.report["before"].empty()) std::printf("before: %s\n", score_text(outcome.report["before"]).c_str());
    print_history(outcome.report["history"]);
    std::printf("wrote %s (%s) and %s\n", o.output.c_str(), human_bytes(static_cast<double>(outcome.package.size())).c_str(), report.c_str());
  }
  return done();
}

Result<void> run_train(Options& o) {
  VERGE_TRY(const Bytes yaml, read_file(o.recipe), "the recipe");
  VERGE_TRY(o.fit.recipe, train::parse_recipe(std::string(yaml.begin(), yaml.end()), o.recipe));
  if (o.speed > 0) return print_speed(o);
  if (o.fit.data.path.empty()) return invalid("--data is required: labelled samples, best a folder a class");
  if (o.output.empty()) return invalid("-o is required: the package to write");
  VERGE_TRY(o.fit.most_seconds, parse_time(o.max_time));
  if (o.fit.checkpoint.empty()) o.fit.checkpoint = o.output + ".checkpoint";
  o.fit.interrupted = &interrupted;
  std::signal(SIGINT, [](int) { interrupted = true; });
  Result<train::FitOutcome> outcome = invalid("");
  {
    ProgressLine line;
    outcome = train::fit(o.fit, [&](const train::FitProgress& p) {
      line.show(format("epoch %lld of %lld", static_cast<long long>(p.epoch), static_cast<long long>(p.epochs)), p.share,
                format(", loss %.4f, %s samples/s", p.loss, with_commas(static_cast<int64_t>(p.samples_per_second)).c_str()));
    });
  }
  if (!outcome.ok()) return std::move(outcome).error();
  if (!outcome->interrupted) return write_results(o, *outcome);
  std::fprintf(stderr, "interrupted after step %lld; '%s' holds everything: the same command with --resume goes on from there\n",
               static_cast<long long>(outcome->report["steps"].get<int64_t>()), o.fit.checkpoint.c_str());
  std::exit(kInterrupted);
}

}  // namespace

void add_train(CLI::App& app, Commands& commands) {
  auto o = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("train", "Train a network by a recipe, or fine-tune a model\n\nExample: verge train examples/train/mnist.yaml --data digits/ --max-time 40s -o mnist.vpk");
  sub->add_option("recipe", o->recipe, "a recipe, YAML (docs/training.md)")->required();
  add_data_options(*sub, o->fit.data, false);
  sub->add_option("--validation", o->fit.validation, "other samples that judge (default: a share of --data)");
  sub->add_option("--max-time", o->max_time, "end by then, as in 40s, 5m or 1h; the schedule is made to fit");
  sub->add_option("--threads", o->fit.threads, "threads (0: every processor)")->default_val(0);
  sub->add_option("--checkpoint", o->fit.checkpoint, "where the state is kept (default: beside the output)");
  sub->add_flag("--resume", o->fit.resume, "go on from the checkpoint");
  sub->add_option("--stop-after", o->fit.stop_after_steps, "stop after so many steps, as an interruption would");
  sub->add_option("--speed", o->speed, "only measure training on made-up samples, for so many seconds");
  sub->add_option("--export", o->exported, "also write the network for other engines: .onnx or .tflite");
  sub->add_option("--outputs", o->outputs, "also write what the network says of the samples that judge, a .npy");
  sub->add_option("--weights", o->weights, "also write the parameters into this folder, a .npy each");
  sub->add_option("--report", o->report, "the HTML report (default: beside the package)");
  sub->add_option("-o,--output", o->output, "the package to write");
  sub->add_flag("--json", o->json, "print the result as JSON");
  commands.push_back({sub, [o] { return run_train(*o); }});
}

}  // namespace verge::cli
