#include "recipe/replay.h"
#include "recipe/search.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdio>
#include <map>

#include "core/digest.h"
#include "core/text.h"
#include "os/text_file.h"
#include "report/html.h"
#include "targets/target.h"
#include "verge/command.h"
#include "verge/data_options.h"
#include "verge/export_options.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  OptimizeOptions optimize;
  std::string max_drop = "1%", max_latency, max_size, max_ram, preset, rounding, output, report, recipe, candidate;
  bool int8_scores = false;
  Budgets budgets;
  std::vector<std::string> exports;
  formats::ExportOptions exporting;
};

Result<double> parse_drop(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || (*end != 0 && std::string(end) != "%") || value < 0) return invalid("--max-drop " + text + ": wants points of accuracy, as in 1% or 0.5");
  return value;
}

using Units = std::map<std::string, double>;  // by name, "" the one that needs none

// A positive number and a unit; 0 for nothing.
Result<double> parse_amount(const char* option, const std::string& text, const Units& units, const char* wanted) {
  if (text.empty()) return 0.0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const auto unit = units.find(lower_case(end));
  if (end == text.c_str() || unit == units.end() || value <= 0) return invalid(std::string(option) + " " + text + ": wants " + wanted);
  return value * unit->second;
}

Result<double> parse_bytes(const char* option, const std::string& text) {
  return parse_amount(option, text, {{"", 1}, {"b", 1}, {"kb", 1e3}, {"mb", 1e6}}, "bytes, as in 60kB or 5MB");
}

Result<Budgets> budgets_of(const Options& o) {
  Budgets out = o.budgets;
  VERGE_TRY(out.latency_ms, parse_amount("--max-latency", o.max_latency, {{"", 1}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}}, "a time, as in 2.5ms or 800us"));
  VERGE_TRY(out.size_bytes, parse_bytes("--max-size", o.max_size));
  VERGE_TRY(out.ram_bytes, parse_bytes("--max-ram", o.max_ram));
  return o.preset.empty() ? Result<Budgets>(out) : with_preset(out, o.preset);
}

bool exports_to(const Options& o, const char* ending) {
  return std::any_of(o.exports.begin(), o.exports.end(), [&](const std::string& path) { return ends_with(path, ending); });
}

// Microcontrollers, accelerators and TFLite files for them (with int8 inputs and outputs) have int8 layers alone.
Result<bool> integers_alone(const Options& o) {
  if (o.exporting.int8_io && exports_to(o, ".tflite")) return true;
  if (o.optimize.target == "host") return false;
  VERGE_TRY(const Target* target, find_target(o.optimize.target));
  return target->kind == TargetKind::kMicrocontroller || target->kind == TargetKind::kAccelerator;
}

// As the engines round that exported files are for: ONNX Runtime and LiteRT's own kernels once, microcontrollers' twice.
bool rounds_once(const Options& o, bool integers_alone) {
  if (!o.rounding.empty()) return o.rounding == "once";
  return exports_to(o, ".onnx") || (exports_to(o, ".tflite") && !integers_alone);
}

void print_budgets(const Json& lines) {
  for (const Json& l : lines)
    std::printf("  %-4s %-8s %.6g %s, at most %.6g (%s)\n", l["met"].get<bool>() ? "ok" : "FAIL", l["budget"].get<std::string>().c_str(), l["is"].get<double>(), l["unit"].get<std::string>().c_str(),
                l["limit"].get<double>(), l["label"].get<std::string>().c_str());
}

// What of the command differs from its defaults.
std::string chosen_options(const Options& o) {
  const PlanOptions& plan = o.optimize.plan;
  std::string out;
  const auto add = [&](const char* option, const std::string& value) { out += value.empty() ? "" : std::string(" ") + option + " " + value; };
  add("--max-latency", o.max_latency), add("--max-size", o.max_size), add("--max-ram", o.max_ram), add("--preset", o.preset);
  if (o.budgets.energy_mj > 0) add("--max-energy", format("%g", o.budgets.energy_mj));
  if (plan.effort != Effort::kNormal) add("--effort", plan.effort == Effort::kLow ? "low" : "high");
  if (plan.weight_bits != 8) add("--weight-bits", std::to_string(plan.weight_bits));
  if (plan.activation_bits != 8) add("--activation-bits", std::to_string(plan.activation_bits));
  if (o.optimize.compress) out += " --compress";
  if (o.int8_scores) out += " --int8-scores";
  add("--rounding", o.rounding);
  if (!plan.equalise) out += " --no-equalise";
  if (plan.per_tensor_weights) out += " --per-tensor";
  if (!o.optimize.time) out += " --no-timing";
  return out;
}

// What repeats the run, with the pre-processing spelled out.
std::string command_line(const Options& o, const Json& report) {
  return "verge optimize " + o.model.path + " --data " + o.optimize.data.path + " --target " + o.optimize.target + " --max-drop " + o.max_drop + chosen_options(o) + " --calibration " +
         std::to_string(o.optimize.calibration) + " --check " + std::to_string(o.optimize.check) + " --seed " + std::to_string(o.optimize.seed) + " --pipeline '" +
         report["pipeline"]["declaration"].dump() + "' -o " + o.output;
}

void print_candidate(const Json& c) {
  const Json& latency = c["latency"];
  std::printf("  %-2s%-16s %8s %9s %9.2f %8.1f %% %10s %11s\n", c["chosen"].get<bool>() ? "->" : "", c["name"].get<std::string>().c_str(),
              c["top1"].is_null() ? "-" : format("%.2f %%", c["top1"].get<double>() * 100).c_str(), format("%.2f %%", c["agreement"].get<double>() * 100).c_str(),
              c["drop_points"].get<double>(), c["int8_mac_share"].get<double>() * 100, human_bytes(c["package_bytes"].get<double>()).c_str(),
              latency.is_null() ? "-" : format("%.4f ms", latency["p50_ms"].get<double>()).c_str());
}

void print_report(const Json& r) {
  std::printf("%s: %s MACs; pre-processing %s%s\n", r["model"]["file"].get<std::string>().c_str(), with_commas(r["model"]["macs"].get<int64_t>()).c_str(),
              r["pipeline"]["text"].get<std::string>().c_str(), r["pipeline"]["declared"].get<bool>() ? " (declared)" : " (not declared; chosen by score)");
  std::printf("%zu samples to calibrate, %zu others to check\n\n", r["data"]["calibration"].get<size_t>(), r["data"]["check"].get<size_t>());
  std::printf("    %-16s %8s %9s %9s %10s %10s %11s\n", "candidate", "top-1", "agreement", "drop", "int8 MACs", "package", "p50, here");
  for (const Json& c : r["candidates"]) print_candidate(c);
  for (const Json& c : r["candidates"])
    if (c.contains("estimate") && c["chosen"].get<bool>())
      std::printf("    on %s: %.2f ms (estimated from its profile, not measured)\n", c["estimate"]["target"].get<std::string>().c_str(), c["estimate"]["latency_ms"].get<double>());
  for (const auto& [name, why] : r["kept_float"].items()) std::printf("    '%s' stays float: %s\n", name.c_str(), why.get<std::string>().c_str());
  if (const std::string text = constant_channels_text(r); !text.empty()) std::printf("    %s\n", text.c_str());
  std::printf("\nchosen: %s (%s)\n", r["chosen"].get<std::string>().c_str(), r["reason"].get<std::string>().c_str());
}

// Tensors come and go by the thousand: what is given back shall not stay with the process.
void return_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 18);
  mallopt(M_ARENA_MAX, 2);
#endif
}

std::string beside(const std::string& package, const std::string& ending) { return package.substr(0, package.rfind(".vpk")) + ending; }

// The options of a recipe's candidate; the model and the data may lie elsewhere now.
Result<Replay> replayed(const Options& o) {
  VERGE_TRY(const std::string text, read_text(o.recipe), "--recipe");
  VERGE_TRY(const Json json, parse_json(text), "--recipe '" + o.recipe + "'");
  VERGE_TRY(Replay replay, replay_of(json, o.candidate), "--recipe '" + o.recipe + "'");
  if (!o.model.path.empty()) replay.options.model = o.model.path;
  if (!o.optimize.data.path.empty()) replay.options.data.path = o.optimize.data.path;
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  replay.options.load.values = load.values;
  return replay;
}

Result<void> replay(const Options& o) {
  return_memory();
  VERGE_TRY(const Replay replay, replayed(o));
  Result<OptimizeOutcome> outcome = invalid("");
  {
    ProgressLine line;
    outcome = optimize(replay.options, [&](const std::string& stage, double share) { line.show(stage, share); });
  }
  if (!outcome.ok()) return std::move(outcome).error();
  const std::string sha256 = sha256_hex(outcome->package);
  if (sha256 != replay.package_sha256)
    return Error(Code::kIntegrity, "the package came out with the SHA-256 " + sha256 + ", the recipe's has " + replay.package_sha256 + ": the data, the version of verge or the processor's instructions are others");
  VERGE_CHECK(write_file(o.output, outcome->package));
  if (o.model.json) print_json(outcome->report);
  else std::printf("wrote %s (%s), the same bytes as the recipe's\n", o.output.c_str(), human_bytes(static_cast<double>(outcome->package.size())).c_str());
  return done();
}

Result<void> run_optimize(Options& o) {
  if (!o.recipe.empty()) return replay(o);
  if (o.model.path.empty() || o.optimize.data.path.empty()) return invalid("optimize wants a model and --data, or --recipe FILE");
  return_memory();
  VERGE_TRY(o.optimize.load, load_options(o.model));
  if (o.optimize.load.precision != Precision::kF32) return invalid("--precision bf16: optimize looks for integers; for bf16 use  verge convert MODEL -o OUT.vpk --precision bf16");
  VERGE_TRY(o.optimize.max_drop_points, parse_drop(o.max_drop));
  VERGE_TRY(o.optimize.pipeline, pipeline_text(o.optimize.pipeline));
  o.optimize.model = o.model.path;
  VERGE_TRY(const bool integers, integers_alone(o));
  o.optimize.plan.float_scores = !o.int8_scores && !integers;
  o.optimize.plan.onnx_rounding = rounds_once(o, integers);
  VERGE_TRY(const Budgets budgets, budgets_of(o));
  Result<OptimizeOutcome> outcome = invalid("");
  {
    ProgressLine line;
    outcome = optimize_within(o.optimize, budgets, [&](const std::string& stage, double share) { line.show(stage, share); });
  }
  if (!outcome.ok()) return std::move(outcome).error();
  VERGE_CHECK(write_file(o.output, outcome->package));
  const std::string report = o.report.empty() ? beside(o.output, ".html") : o.report;
  VERGE_CHECK(write_file(beside(o.output, ".recipe.json"), outcome->report["recipe"].dump(2) + "\n"));
  VERGE_CHECK(write_file(report, html_report(outcome->report, command_line(o, outcome->report))));
  for (const std::string& path : o.exports) VERGE_CHECK(export_file(outcome->graph, path, o.exporting));
  outcome->report["output"] = o.output;
  outcome->report["html"] = report;
  if (o.model.json) {
    print_json(outcome->report);
  } else {
    print_report(outcome->report);
    print_budgets(outcome->report["budgets"]);
    std::printf("wrote %s (%s) and %s\n", o.output.c_str(), human_bytes(static_cast<double>(outcome->package.size())).c_str(), report.c_str());
  }
  const Json& lines = outcome->report["budgets"];
  return all_met(lines) ? done() : Result<void>(Error(Code::kBudget, "out of reach within " + o.max_drop + " of accuracy: " + misses(lines)));
}

}  // namespace

void add_optimize(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("optimize", "Make a model small and fast within an accuracy budget, every figure measured\n\nExample: verge optimize model.onnx --data photos/ --max-drop 1% -o model.vpk");
  add_model_options(*sub, options->model);
  sub->get_option("model")->required(false);
  add_data_options(*sub, options->optimize.data, false);
  sub->add_option("--recipe", options->recipe, "make a candidate of an earlier run again, byte for byte: the file OUT.recipe.json that it left beside its package")->check(CLI::ExistingFile);
  sub->add_option("--candidate", options->candidate, "of --recipe, by its name or the beginning of its SHA-256 (default: the chosen one)");
  sub->add_option("--target", options->optimize.target, "where it will run: host, or a name from `verge targets`")->default_val("host");
  sub->add_option("--max-drop", options->max_drop, "points of accuracy that may be lost")->default_val("1%");
  sub->add_option("--max-latency", options->max_latency, "of a run, as in 2.5ms: measured here, or the --target's estimate");
  sub->add_option("--max-size", options->max_size, "of the package, as in 60kB or 5MB; where int8 is too large, 4-bit weights, then --compress are tried");
  sub->add_option("--max-ram", options->max_ram, "of the planned memory, as in 64kB");
  sub->add_option("--max-energy", options->budgets.energy_mj, "millijoules of a run, estimated from the --target's profile")->check(CLI::PositiveNumber);
  sub->add_option("--preset", options->preset, "realtime (50 ms), interactive (200 ms), mobile (20 MB), embedded (5 MB); the options above go before");
  sub->add_option("--calibration", options->optimize.calibration, "samples to calibrate on")->default_val(512)->check(CLI::Range(1, 1000000));
  sub->add_option("--check", options->optimize.check, "other samples that judge")->default_val(1000)->check(CLI::Range(1, 10000000));
  sub->add_option("--effort", options->optimize.plan.effort, "low: ranges alone; normal: weights repaired on 256 samples; high: on all of the calibration samples")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Effort>{{"low", Effort::kLow}, {"normal", Effort::kNormal}, {"high", Effort::kHigh}}, CLI::ignore_case))
      ->option_text("low, normal, high=normal");
  sub->add_option("--weight-bits", options->optimize.plan.weight_bits, "of convolution and dense layers' weights; 4-bit weights lie two a byte, activations stay int8")
      ->default_val(8)
      ->check(CLI::IsMember({4, 8}));
  sub->add_option("--activation-bits", options->optimize.plan.activation_bits, "16: int16 activations, closer to float, for targets that are fast at them")
      ->default_val(8)
      ->check(CLI::IsMember({8, 16}));
  sub->add_flag("--compress", options->optimize.compress, "the smallest package within --max-drop: weights in coarse steps, many of them zero, entropy coded in the file and decoded when it is loaded");
  sub->add_flag("--int8-scores", options->int8_scores, "the last dense layer's scores in int8 too; so it is for microcontrollers, accelerators and TFLite files with --int8-io, elsewhere its sums stay whole");
  sub->add_option("--rounding", options->rounding, "of integer sums: once, as ONNX Runtime and LiteRT's own kernels, or twice, as microcontrollers and LiteRT's reference kernels (default: as the exported files' engines, else twice)")
      ->check(CLI::IsMember({"once", "twice"}));
  sub->add_flag("!--no-equalise", options->optimize.plan.equalise, "leave channels' ranges as they are");
  sub->add_flag("--per-tensor", options->optimize.plan.per_tensor_weights, "one scale for all of a layer's weights, as some accelerators want it, instead of one a channel");
  sub->add_flag_callback("--no-timing", [options] { options->optimize.time = false; }, "measure no latency: accuracy alone decides, and two runs give the same package");
  sub->add_option("--seed", options->optimize.seed, "of the split into calibration and check");
  sub->add_option("--pipeline", options->optimize.pipeline, "pre-processing as JSON or a file of it (docs/pipeline.md)");
  sub->add_option("-o,--output", options->output, "the package to write")->required();
  sub->add_option("--report", options->report, "the HTML report (default: beside the package)");
  sub->add_option("--export", options->exports, "also write the result for other engines: an .onnx or a .tflite file, or its scales for a float model's converter as an .encodings file (AIMET, QNN)");
  add_export_options(*sub, options->exporting);
  commands.push_back({sub, [options] { return run_optimize(*options); }});
}

}  // namespace verge::cli
