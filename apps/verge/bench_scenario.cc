#include "verge/bench_scenario.h"

#include <cstdio>
#include <utility>

#include "core/text.h"

namespace verge::cli {
namespace {

// "300mAh", "500ms": the number before one of the units.
Result<double> quantity(const std::string& option, const std::string& text, std::initializer_list<std::pair<const char*, double>> units) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::vector<std::string> names;
  for (const auto& [unit, factor] : units) {
    if (end != text.c_str() && std::string(end) == unit && number > 0) return number * factor;
    names.emplace_back(unit);
  }
  return invalid(option + " " + text + ": wants a number with a unit: " + join(names, ", "));
}

Result<ScenarioOptions> options_of(const ScenarioArguments& a, double seconds) {
  ScenarioOptions out;
  out.seconds = a.sustained_s > 0 ? a.sustained_s : seconds;
  out.streams = a.streams;
  out.queries_per_s = a.queries_per_s;
  out.bound_ms = a.bound_ms;
  std::string name = a.scenario;
  if (a.interval_s > 0) name = "interval", out.interval_s = a.interval_s;
  if (a.sustained_s > 0 && a.interval_s == 0 && a.scenario.empty()) name = "sustained";
  if (name.empty()) name = "single-stream";
  const auto scenario = scenario_of(name);
  if (!scenario) return invalid("--scenario " + name + ": wants single-stream, multi-stream, offline or server");
  out.scenario = *scenario;
  return out;
}

// Energy of one inference: measured, or active watts that the user states times the measured latency.
Result<Json> battery_json(const ScenarioArguments& a, const Json& measured) {
  VERGE_TRY(const double charge, quantity("--battery", a.battery, {{"mAh", 1}, {"Ah", 1e3}}));
  VERGE_TRY(const double every, quantity("--every", a.every, {{"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}}));
  Json out = {{"label", "estimated"}, {"charge_mah", charge}, {"volts", a.volts}, {"every_s", every}, {"idle_watts", a.idle_watts}, {"hours", nullptr}};
  const double latency_s = measured["latency"]["mean_ms"].get<double>() / 1e3;
  const bool sensor = !measured["energy"].is_null();
  if (!sensor && a.active_watts <= 0) {
    out["reason"] = "this machine has no energy sensor: give --active-watts";
    return out;
  }
  const double joules = sensor ? measured["energy"]["joules_per_sample"].get<double>() : a.active_watts * latency_s;
  out["joules_per_inference"] = joules;
  out["joules_from"] = sensor ? "measured" : "--active-watts times the measured latency";
  if (every < latency_s) return invalid("--every " + a.every + ": one inference takes " + format("%.3g s", latency_s));
  out["hours"] = battery_hours(charge, a.volts, joules, every, a.idle_watts);
  return out;
}

}  // namespace

void add_scenario_options(CLI::App& app, ScenarioArguments& a) {
  app.add_option("--scenario", a.scenario, "MLPerf's way of sending samples: single-stream, multi-stream, offline, server");
  app.add_option("--streams", a.streams, "samples of a multi-stream query")->default_val(8)->check(CLI::Range(1, 4096));
  app.add_option("--qps", a.queries_per_s, "arrivals a second of scenario server; without it the most that keep the bound are searched");
  app.add_option("--bound-ms", a.bound_ms, "what the 99th percentile of scenario server may be; without it ten times the median alone");
  app.add_option("--interval", a.interval_s, "one inference every so many seconds, and sleep between");
  app.add_option("--sustained", a.sustained_s, "run for so many seconds: throughput, temperature and clock over time");
  app.add_option("--battery", a.battery, "estimate how long this charge lasts, as in --battery 300mAh --every 1s");
  app.add_option("--every", a.every, "time from one inference to the next, for --battery")->default_val("1s");
  app.add_option("--volts", a.volts, "of the battery")->default_val(3.7)->check(CLI::PositiveNumber);
  app.add_option("--idle-watts", a.idle_watts, "power between inferences, for --battery")->default_val(0)->check(CLI::NonNegativeNumber);
  app.add_option("--active-watts", a.active_watts, "power while it computes, where the machine has no energy sensor")->check(CLI::NonNegativeNumber);
}

bool asks_for_scenario(const ScenarioArguments& a) { return !a.scenario.empty() || a.interval_s > 0 || a.sustained_s > 0 || !a.battery.empty(); }

Result<Json> measure_scenario(const ScenarioArguments& a, double seconds, const RunSample& run) {
  VERGE_TRY(const ScenarioOptions options, options_of(a, seconds));
  VERGE_TRY(const ScenarioResult result, run_scenario(run, options));
  Json out = scenario_json(result, options);
  if (!a.battery.empty()) {
    VERGE_TRY(out["battery"], battery_json(a, out));
  }
  return out;
}

void print_scenario(const Json& r) {
  const Json& l = r["latency"];
  const auto ms = [&](const char* key) { return l[key].get<double>(); };
  std::printf("  %s: %zu samples in %.2f s, %.1f samples/s\n", r["scenario"].get<std::string>().c_str(), r["samples"].get<size_t>(), r["seconds"].get<double>(), r["samples_per_s"].get<double>());
  std::printf("  latency p50 %.4f  p90 %.4f  p99 %.4f  max %.4f ms\n", ms("p50_ms"), ms("p90_ms"), ms("p99_ms"), ms("max_ms"));
  if (r.contains("bound_ms"))
    std::printf("  %.1f queries/s: the 99th percentile is %s the bound of %.4f ms\n", r["queries_per_s"].get<double>(), r["in_bound"].get<bool>() ? "within" : "beyond", r["bound_ms"].get<double>());
  if (r["energy"].is_null()) std::puts("  energy: null (no RAPL counter, hwmon sensor or discharging battery)");
  else std::printf("  energy: %.4g J each, from %s\n", r["energy"]["joules_per_sample"].get<double>(), r["energy"]["source"].get<std::string>().c_str());
  const auto text = [](const Json& v, const char* unit) { return v.is_null() ? "-" : format("%.1f %s", v.get<double>(), unit); };
  for (const Json& w : r["windows"])
    std::printf("  at %7.2f s  %9.1f samples/s  %s  %s\n", w["at_s"].get<double>(), w["samples_per_s"].get<double>(), text(w["temperature_c"], "C").c_str(), text(w["clock_mhz"], "MHz").c_str());
  if (!r.contains("battery")) return;
  const Json& b = r["battery"];
  if (b["hours"].is_null()) std::printf("  battery: %s\n", b["reason"].get<std::string>().c_str());
  else std::printf("  battery: %.1f hours (estimated: %.3g mAh at %.3g V, %.3g J each, every %.3g s)\n", b["hours"].get<double>(), b["charge_mah"].get<double>(), b["volts"].get<double>(),
                   b["joules_per_inference"].get<double>(), b["every_s"].get<double>());
}

}  // namespace verge::cli
