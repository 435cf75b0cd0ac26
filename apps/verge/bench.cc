#include "eval/bench.h"

#include <sys/resource.h>

#include <cstdio>
#include <thread>

#include "core/text.h"
#include "eval/machine_peak.h"
#include "eval/trace.h"
#include "lower/residency.h"
#include "lower/tuning.h"
#include "os/clock.h"
#include "os/file.h"
#include "verge/bench_scenario.h"
#include "verge/command.h"
#include "verge/placement_options.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  PlacementOptions placement;
  ScenarioArguments scenario;
  std::string trace;
  double seconds = 2;
  bool profile = false;
};

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

// Fused nodes of TFLite files carry all their names; a line of the terminal shows the first.
std::string short_name(const std::string& name) {
  const std::string first = name.substr(0, name.find(';'));
  return first.size() <= 60 ? first : "..." + first.substr(first.size() - 57);
}

Json profile_json(const std::vector<OpProfile>& profile, const MachinePeak& peak, int threads) {
  Json out = Json::array();
  for (const OpProfile& p : profile) {
    const Roofline roof = roofline(p, peak, threads);
    out.push_back({{"name", p.name}, {"op", p.op}, {"mean_ms", p.mean_ms}, {"p50_ms", p.p50_ms}, {"share", p.share}, {"macs", p.macs}, {"bytes", p.bytes},
                   {"roofline", {{"share", roof.share}, {"bound", roof.by_memory ? "memory" : "arithmetic"}}}});
  }
  return out;
}

Json peak_json(const MachinePeak& peak) {
  return {{"f32_gmacs_per_s", peak.f32_macs_per_s / 1e9}, {"int8_gmacs_per_s", peak.int8_macs_per_s / 1e9}, {"read_gb_per_s", peak.bytes_per_s / 1e9}};
}

void print_profile(std::vector<OpProfile> profile, const MachinePeak& peak, int threads) {
  std::stable_sort(profile.begin(), profile.end(), [](const OpProfile& a, const OpProfile& b) { return a.p50_ms > b.p50_ms; });
  std::puts("\n   share    p50 ms   GMAC/s    roof         operator         node");
  for (size_t i = 0; i < profile.size() && i < 20; ++i) {
    const OpProfile& p = profile[i];
    const Roofline roof = roofline(p, peak, threads);
    std::printf("  %5.1f %%  %8.4f  %7.1f  %4.0f %% %-6s  %-15s  %s\n", p.share * 100, p.p50_ms, p.macs / 1e6 / std::max(p.p50_ms, 1e-9), roof.share * 100,
                roof.by_memory ? "memory" : "arith.", p.op.c_str(), short_name(p.name).c_str());
  }
  if (profile.size() > 20) std::printf("  ... and %zu more (--json has all)\n", profile.size() - 20);
  std::printf("  roof: what one core does at best here, measured: %.0f GMAC/s in f32, %.0f in int8, %.0f GB/s read from a buffer of the model's size%s\n", peak.f32_macs_per_s / 1e9,
              peak.int8_macs_per_s / 1e9, peak.bytes_per_s / 1e9, threads > 1 ? "; arithmetic times the threads" : "");
}

void print_header(const Options& o) { std::printf("%s, %d thread%s, measured on this machine\n", o.model.path.c_str(), o.model.threads, o.model.threads == 1 ? "" : "s"); }

Result<void> write_trace(const Options& o, Executable& executable, const std::vector<Tensor>& inputs) {
  constexpr size_t kTraced = 5;
  VERGE_TRY(const Json trace, trace_runs(executable, inputs, kTraced));
  VERGE_CHECK(write_file(o.trace, trace.dump()));
  std::fprintf(stderr, "wrote %s: open it with https://ui.perfetto.dev\n", o.trace.c_str());
  return done();
}

Result<void> report_scenario(const Options& o, const RunSample& run, const std::function<Json()>& partitions) {
  VERGE_TRY(Json result, measure_scenario(o.scenario, o.seconds, run));
  result["model"] = o.model.path;
  result["partitions"] = partitions();
  if (o.model.json) {
    print_json(result);
    return done();
  }
  print_header(o);
  print_scenario(result);
  return done();
}

// A model that runs in parts because other engines or plug-ins have nodes of it.
Result<void> bench_placed(const Options& o, const Engine& engine, LoadOptions load) {
  VERGE_TRY(auto source, open_parts(o.model.path, load));
  VERGE_TRY(const std::vector<ops::HostValue> inputs, trial_inputs(source->inputs(), load));
  VERGE_TRY(load, load_placed(o.placement, engine, o.model.path, load, inputs));
  VERGE_TRY(source, open_parts(o.model.path, load));
  PartedModel model(source, load);
  const RunSample run = [&]() -> Result<void> {
    VERGE_TRY(const auto outputs, model.run(inputs));
    return done();
  };
  VERGE_CHECK(report_scenario(o, run, [&] { return partitions_json(model.partitions()); }));
  if (!o.model.json) print_partitions(model.partitions());
  return done();
}

Result<void> run_bench(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(o.placement));
  if (engine) return bench_placed(o, *engine, load);
  const int threads = o.model.threads > 0 ? o.model.threads : static_cast<int>(std::thread::hardware_concurrency());
  const double start = now_s();
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  const double load_ms = (now_s() - start) * 1e3;
  BenchOptions bench_options;
  bench_options.seconds = o.seconds;
  bench_options.profile = memory_limit() == 0;  // what lets weights go runs where the profiler would
  const rt::Model& model = m.executable.model();
  const std::vector<Tensor> inputs = random_inputs(model, 1);
  if (!o.trace.empty()) VERGE_CHECK(write_trace(o, m.executable, inputs));
  if (asks_for_scenario(o.scenario)) {
    const RunSample run = [&]() -> Result<void> {
      for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(m.executable.set_input(i, inputs[i]));
      return m.executable.run();
    };
    return report_scenario(o, run, [] { return Json::array(); });
  }
  VERGE_TRY(const BenchResult r, bench(m.executable, inputs, bench_options));
  const double peak_mb = peak_memory_mb();
  const size_t bytes = model.session_bytes() + model.const_bytes(), read = memory_limit() ? std::min<size_t>(bytes, 1 << 20) : bytes;
  const MachinePeak peak = o.profile || o.model.json ? measure_machine_peak(read) : MachinePeak{};
  const double gmacs = static_cast<double>(model.macs()) / 1e6 / r.warm.p50_ms;
  if (o.model.json) {
    print_json({{"model", o.model.path}, {"threads", threads}, {"load_ms", load_ms}, {"first_ms", r.first_ms}, {"warm", latency_json(r.warm)},
                {"throughput_per_s", 1e3 / r.warm.mean_ms}, {"macs", model.macs()}, {"gmacs_per_s", gmacs}, {"file_bytes", m.file_bytes},
                {"memory", {{"planned_session_bytes", model.session_bytes()}, {"arena_bytes", model.arena_bytes()}, {"weight_bytes", model.const_bytes()}, {"process_peak_mb", peak_mb}}},
                {"tuned_instructions", tuned_instructions(model)}, {"energy_mj", nullptr}, {"machine_peak", peak_json(peak)}, {"profile", profile_json(r.profile, peak, threads)}, {"label", "measured"}});
    return done();
  }
  print_header(o);
  std::printf("  load   %9.3f ms\n  first  %9.3f ms\n", load_ms, r.first_ms);
  std::printf("  warm   %9.4f ms p50   (mean %.4f, 95 %% confidence %.4f..%.4f, std %.4f, %zu runs)\n", r.warm.p50_ms, r.warm.mean_ms, r.warm.mean_low_ms, r.warm.mean_high_ms,
              r.warm.std_ms, r.warm.runs);
  std::printf("         min %.4f  p90 %.4f  p95 %.4f  p99 %.4f  max %.4f\n", r.warm.min_ms, r.warm.p90_ms, r.warm.p95_ms, r.warm.p99_ms, r.warm.max_ms);
  std::printf("  %.0f inferences/s, %.1f GMAC/s\n", 1e3 / r.warm.mean_ms, gmacs);
  std::printf("  memory: session %s planned (arena %s), weights %s, process peak %.1f MB measured\n", human_bytes(static_cast<double>(model.session_bytes())).c_str(),
              human_bytes(static_cast<double>(model.arena_bytes())).c_str(), human_bytes(static_cast<double>(model.const_bytes())).c_str(), peak_mb);
  if (o.profile) print_profile(r.profile, peak, threads);
  return done();
}

}  // namespace

void add_bench(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("bench", "Measure load, first and warm latency, memory and where the time goes\n\nExample: verge bench model.vpk --profile");
  add_model_options(*sub, options->model);
  sub->add_option("--seconds", options->seconds, "how long to measure")->default_val(2)->check(CLI::Range(0.05, 3600.0));
  sub->add_flag("--profile", options->profile, "show the time of each operator");
  sub->add_option("--trace", options->trace, "write what runs when to this file, for https://ui.perfetto.dev");
  add_scenario_options(*sub, options->scenario);
  add_placement_options(*sub, options->placement);
  commands.push_back({sub, [options] { return run_bench(*options); }});
}

}  // namespace verge::cli
