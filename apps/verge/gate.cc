#include <cmath>
#include <cstdio>

#include "core/text.h"
#include "eval/bench.h"
#include "eval/score.h"
#include "os/file.h"
#include "verge/command.h"
#include "verge/data_options.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  DataOptions data;
  std::string baseline, junit, pipeline;
  bool update = false;
  double drop_points = 0.5, size_percent = 2, latency_percent = 25;
};

struct Check {
  std::string name;
  double was, is, limit;
  bool ok;
  std::string text() const { return format("%s: %.6g, baseline %.6g, limit %.6g", name.c_str(), is, was, limit); }
};

// What is held against the baseline. top1 is null without labels.
Result<Json> measure(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  DataOptions data_options = o.data;
  data_options.class_names = class_names(m.manifest);
  VERGE_TRY(RawData raw, read_data(data_options));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, o.pipeline));
  VERGE_TRY(const auto data, make_dataset(std::make_shared<const RawData>(std::move(raw)), m.executable.model().input(0), declared.value_or(Declaration{}), data_options));
  ProgressLine line;
  VERGE_TRY(const Predictions p, predict(m.executable, *data, [&](size_t done, size_t all) {
              line.show("running the model", static_cast<double>(done) / static_cast<double>(all));
            }));
  std::vector<int> answers;
  for (const auto& scores : p.scores) answers.push_back(arg_max(scores));
  VERGE_TRY(const BenchResult bench_result, bench(m.executable, random_inputs(m.executable.model(), 1), {.seconds = 1, .profile = false}));
  const double score = top1(p);
  return Json{{"file_bytes", m.file_bytes}, {"session_bytes", m.executable.model().session_bytes()},
              {"samples", p.scores.size()}, {"top1", score >= 0 ? Json(score) : Json()},
              {"answers", answers},         {"p50_ms", bench_result.warm.p50_ms}};
}

double same_answers(const Json& a, const Json& b) {
  if (a.size() != b.size() || a.empty()) return 0;
  size_t same = 0;
  for (size_t i = 0; i < a.size(); ++i) same += a[i] == b[i];
  return static_cast<double>(same) / static_cast<double>(a.size());
}

Result<std::vector<Check>> hold_against(const Json& was, const Json& is, const Options& o) {
  for (const char* key : {"file_bytes", "session_bytes", "answers", "p50_ms", "top1"})
    if (!was.contains(key))
      return Error(Code::kCorrupt, "'" + o.baseline + "' has no \"" + key + "\": it is not a baseline of verge gate; write one with --update");
  std::vector<Check> out;
  const auto at_most = [&](const char* key, double percent) {
    const double before = was[key].get<double>(), now = is[key].get<double>(), limit = before * (1 + percent / 100);
    out.push_back({key, before, now, limit, now <= limit});
  };
  if (was["top1"].is_number() && is["top1"].is_number()) {
    const double before = was["top1"].get<double>(), now = is["top1"].get<double>(), limit = before - o.drop_points / 100;
    out.push_back({"top1", before, now, limit, now >= limit});
  }
  const double agreement = same_answers(was["answers"], is["answers"]), least = 1 - 2 * o.drop_points / 100;
  out.push_back({"agreement with the baseline's answers", 1, agreement, least, agreement >= least});
  at_most("file_bytes", o.size_percent);
  at_most("session_bytes", o.size_percent);
  at_most("p50_ms", o.latency_percent);
  return out;
}

std::string junit_xml(const std::vector<Check>& checks, size_t failed) {
  std::string out =
      format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"verge gate\" tests=\"%zu\" failures=\"%zu\">\n", checks.size(), failed);
  for (const Check& c : checks) {
    out += "  <testcase classname=\"verge.gate\" name=\"" + c.name + "\">";
    if (!c.ok) out += "<failure message=\"" + c.text() + "\"/>";
    out += "</testcase>\n";
  }
  return out + "</testsuite>\n";
}

Result<void> run_gate(const Options& o) {
  VERGE_TRY(const Json is, measure(o));
  if (o.update) {
    VERGE_CHECK(write_file(o.baseline, is.dump(1) + "\n"));
    std::printf("wrote the baseline %s\n", o.baseline.c_str());
    return done();
  }
  VERGE_TRY(const Bytes bytes, read_file(o.baseline), "the baseline; write one with --update");
  VERGE_TRY(const Json was, parse_json(std::string(bytes.begin(), bytes.end())), "'" + o.baseline + "'");
  VERGE_TRY(const std::vector<Check> checks, hold_against(was, is, o));
  std::vector<std::string> failures;
  Json list = Json::array();
  for (const Check& c : checks) {
    if (!c.ok) failures.push_back(c.text());
    list.push_back({{"check", c.name}, {"baseline", c.was}, {"now", c.is}, {"limit", c.limit}, {"ok", c.ok}});
    if (!o.model.json) std::printf("  %-4s %s\n", c.ok ? "ok" : "FAIL", c.text().c_str());
  }
  if (o.model.json) print_json({{"model", o.model.path}, {"baseline", o.baseline}, {"passed", failures.empty()}, {"checks", list}});
  if (!o.junit.empty()) VERGE_CHECK(write_file(o.junit, junit_xml(checks, failures.size())));
  return failures.empty() ? done() : Result<void>(Error(Code::kBudget, "worse than the baseline: " + join(failures, "; ")));
}

}  // namespace

void add_gate(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("gate",
                                     "Fail when a model became worse than its baseline: for your own continuous integration\n\nExample: verge gate model.vpk "
                                     "--data test/ --baseline lock.json --junit gate.xml");
  add_model_options(*sub, options->model);
  add_data_options(*sub, options->data, true);
  sub->add_option("--baseline", options->baseline, "the file of what was measured before")->required();
  sub->add_flag("--update", options->update, "write the baseline instead of comparing with it");
  sub->add_option("--junit", options->junit, "also write the checks as JUnit XML");
  sub->add_option("--pipeline", options->pipeline, "pre-processing as JSON or a file of it (docs/pipeline.md)");
  sub->add_option("--drop", options->drop_points, "points of top-1 that may be lost; twice as many of agreement")->default_val(0.5);
  sub->add_option("--size", options->size_percent, "percent that file and session may grow by")->default_val(2);
  sub->add_option("--latency", options->latency_percent, "percent that the median latency may grow by; the machine must be the baseline's")->default_val(25);
  commands.push_back({sub, [options] { return run_gate(*options); }});
}

}  // namespace verge::cli
