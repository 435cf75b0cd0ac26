#include "eval/bench.h"

#include <sys/resource.h>

#include <cstdio>

#include "core/text.h"
#include "os/clock.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  double seconds = 2;
  bool profile = false;
};

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

Json profile_json(const std::vector<OpProfile>& profile) {
  Json out = Json::array();
  for (const OpProfile& p : profile) out.push_back({{"name", p.name}, {"op", p.op}, {"mean_ms", p.mean_ms}, {"share", p.share}});
  return out;
}

void print_profile(std::vector<OpProfile> profile) {
  std::stable_sort(profile.begin(), profile.end(), [](const OpProfile& a, const OpProfile& b) { return a.mean_ms > b.mean_ms; });
  std::puts("\n   share        ms  operator         node");
  for (size_t i = 0; i < profile.size() && i < 20; ++i)
    std::printf("  %5.1f %%  %8.4f  %-15s  %s\n", profile[i].share * 100, profile[i].mean_ms, profile[i].op.c_str(), profile[i].name.c_str());
  if (profile.size() > 20) std::printf("  ... and %zu more (--json has all)\n", profile.size() - 20);
}

Result<void> run_bench(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  const double start = now_s();
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  const double load_ms = (now_s() - start) * 1e3;
  BenchOptions bench_options;
  bench_options.seconds = o.seconds;
  const rt::Model& model = m.executable.model();
  VERGE_TRY(const BenchResult r, bench(m.executable, random_inputs(model, 1), bench_options));
  const double gmacs = static_cast<double>(model.macs()) / 1e6 / r.warm.p50_ms;
  if (o.model.json) {
    print_json({{"model", o.model.path}, {"threads", o.model.threads}, {"load_ms", load_ms}, {"first_ms", r.first_ms}, {"warm", latency_json(r.warm)},
                {"throughput_per_s", 1e3 / r.warm.mean_ms}, {"macs", model.macs()}, {"gmacs_per_s", gmacs}, {"file_bytes", m.file_bytes},
                {"memory", {{"planned_session_bytes", model.session_bytes()}, {"arena_bytes", model.arena_bytes()}, {"weight_bytes", model.const_bytes()}, {"process_peak_mb", peak_memory_mb()}}},
                {"energy_mj", nullptr}, {"profile", profile_json(r.profile)}, {"label", "measured"}});
    return done();
  }
  std::printf("%s, %d thread%s, measured on this machine\n", o.model.path.c_str(), o.model.threads, o.model.threads == 1 ? "" : "s");
  std::printf("  load   %9.3f ms\n  first  %9.3f ms\n", load_ms, r.first_ms);
  std::printf("  warm   %9.4f ms p50   (mean %.4f, 95 %% confidence %.4f..%.4f, std %.4f, %zu runs)\n", r.warm.p50_ms, r.warm.mean_ms, r.warm.mean_low_ms, r.warm.mean_high_ms,
              r.warm.std_ms, r.warm.runs);
  std::printf("         min %.4f  p90 %.4f  p95 %.4f  p99 %.4f  max %.4f\n", r.warm.min_ms, r.warm.p90_ms, r.warm.p95_ms, r.warm.p99_ms, r.warm.max_ms);
  std::printf("  %.0f inferences/s, %.1f GMAC/s\n", 1e3 / r.warm.mean_ms, gmacs);
  std::printf("  memory: session %s planned (arena %s), weights %s, process peak %.1f MB measured\n", human_bytes(static_cast<double>(model.session_bytes())).c_str(),
              human_bytes(static_cast<double>(model.arena_bytes())).c_str(), human_bytes(static_cast<double>(model.const_bytes())).c_str(), peak_memory_mb());
  if (o.profile) print_profile(r.profile);
  return done();
}

}  // namespace

void add_bench(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("bench", "Measure load, first and warm latency, memory and where the time goes\n\nExample: verge bench model.vpk --profile");
  add_model_options(*sub, options->model);
  sub->add_option("--seconds", options->seconds, "how long to measure")->default_val(2)->check(CLI::Range(0.05, 3600.0));
  sub->add_flag("--profile", options->profile, "show the time of each operator");
  commands.push_back({sub, [options] { return run_bench(*options); }});
}

}  // namespace verge::cli
