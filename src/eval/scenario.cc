#include "eval/scenario.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>
#include <thread>

#include "os/clock.h"
#include "os/sensors.h"

namespace verge {
namespace {

constexpr const char* kNames[] = {"single-stream", "multi-stream", "offline", "server", "interval", "sustained"};
constexpr size_t kFewest = 10;

void sleep_until(double then_s) {
  if (const double rest = then_s - now_s(); rest > 0) std::this_thread::sleep_for(std::chrono::duration<double>(rest));
}

// Notes throughput, conditions and energy beside a measurement.
class Watch {
 public:
  explicit Watch(double seconds) : meter_(EnergyMeter::find()), every_s_(std::min(1.0, seconds / 10)), start_(now_s()), next_(start_ + every_s_) {
    if (meter_) meter_->sample(start_);
  }
  void count(size_t samples) {
    samples_ += samples;
    all_ += samples;
    if (now_s() >= next_) close();
  }
  void finish(ScenarioResult& out) {
    out.seconds = now_s() - start_;
    out.samples = all_;
    out.windows = std::move(windows_);
    if (!meter_) return;
    meter_->sample(now_s());
    out.energy_source = meter_->source();
    out.joules = meter_->joules();
  }

 private:
  void close() {
    const double now = now_s();
    const Conditions c = conditions();
    windows_.push_back({now - start_, static_cast<double>(samples_) / (now - next_ + every_s_), c.temperature_c, c.clock_mhz});
    if (meter_) meter_->sample(now);
    samples_ = 0;
    next_ = now + every_s_;
  }

  std::optional<EnergyMeter> meter_;
  double every_s_, start_, next_;
  size_t samples_ = 0, all_ = 0;
  std::vector<Window> windows_;
};

// Queries of `each` samples, one after the other; `between` seconds from the start of one to the start of the next.
Result<ScenarioResult> in_turn(const RunSample& run, double seconds, int each, double between) {
  ScenarioResult out;
  std::vector<double> samples_ms;
  Watch watch(seconds);
  for (double start = now_s(), next = start; samples_ms.size() < kFewest || now_s() - start < seconds;) {
    if (between > 0 && !samples_ms.empty() && next - start >= seconds) break;
    sleep_until(next);
    const double began = now_s();
    for (int i = 0; i < each; ++i) VERGE_CHECK(run());
    samples_ms.push_back((now_s() - began) * 1e3);
    next = between > 0 ? next + between : began;
    watch.count(static_cast<size_t>(each));
  }
  watch.finish(out);
  out.latency = summarize(std::move(samples_ms));
  return out;
}

// Latency counts from the arrival: what waits behind others is late.
Result<ScenarioResult> at_rate(const RunSample& run, double seconds, double queries_per_s, uint64_t seed) {
  ScenarioResult out;
  std::vector<double> samples_ms;
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(queries_per_s);
  Watch watch(seconds);
  const double start = now_s();
  for (double arrival = start + gap(random); arrival - start < seconds || samples_ms.size() < kFewest; arrival += gap(random)) {
    sleep_until(arrival);
    VERGE_CHECK(run());
    samples_ms.push_back((now_s() - arrival) * 1e3);
    watch.count(1);
    if (now_s() - start > 3 * seconds && samples_ms.size() >= kFewest) break;  // hopelessly behind
  }
  watch.finish(out);
  out.latency = summarize(std::move(samples_ms));
  out.queries_per_s = queries_per_s;
  return out;
}

Result<ScenarioResult> server(const RunSample& run, const ScenarioOptions& o) {
  VERGE_TRY(const ScenarioResult alone, in_turn(run, o.seconds / 8, 1, 0));
  const double bound_ms = o.bound_ms > 0 ? o.bound_ms : 10 * alone.latency.p50_ms;
  double rate = o.queries_per_s;
  if (rate == 0) {
    double low = 0, high = 1e3 / alone.latency.p50_ms;
    for (int step = 0; step < 5; ++step) {
      const double middle = (low + high) / 2;
      VERGE_TRY(const ScenarioResult tried, at_rate(run, o.seconds / 8, middle, o.seed));
      (tried.latency.p99_ms <= bound_ms ? low : high) = middle;
    }
    rate = low > 0 ? low : high;
  }
  VERGE_TRY(ScenarioResult out, at_rate(run, o.seconds, rate, o.seed));
  out.bound_ms = bound_ms;
  out.in_bound = out.latency.p99_ms <= bound_ms;
  return out;
}

Json optional_json(const std::optional<double>& v) { return v ? Json(*v) : Json(); }

}  // namespace

Result<ScenarioResult> run_scenario(const RunSample& run, const ScenarioOptions& o) {
  VERGE_CHECK(run());  // the first run pays for what all later ones find
  switch (o.scenario) {
    case Scenario::kMultiStream: return in_turn(run, o.seconds, o.streams, 0);
    case Scenario::kServer: return server(run, o);
    case Scenario::kInterval: return in_turn(run, o.seconds, 1, o.interval_s);
    case Scenario::kSingleStream:
    case Scenario::kOffline:
    case Scenario::kSustained: break;
  }
  return in_turn(run, o.seconds, 1, 0);
}

const char* scenario_name(Scenario scenario) { return kNames[static_cast<size_t>(scenario)]; }

std::optional<Scenario> scenario_of(const std::string& name) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  return found == std::end(kNames) ? std::nullopt : std::optional(static_cast<Scenario>(found - std::begin(kNames)));
}

Json scenario_json(const ScenarioResult& r, const ScenarioOptions& o) {
  Json out = {{"scenario", scenario_name(o.scenario)}, {"samples", r.samples}, {"seconds", r.seconds}, {"samples_per_s", r.seconds > 0 ? static_cast<double>(r.samples) / r.seconds : 0},
              {"latency", latency_json(r.latency)}};
  if (o.scenario == Scenario::kMultiStream) out["samples_per_query"] = o.streams;
  if (o.scenario == Scenario::kInterval) out["interval_s"] = o.interval_s;
  if (o.scenario == Scenario::kServer) out["queries_per_s"] = r.queries_per_s, out["bound_ms"] = r.bound_ms, out["in_bound"] = r.in_bound;
  const bool measured = !r.energy_source.empty() && r.samples > 0;
  out["energy"] = measured ? Json{{"source", r.energy_source}, {"joules", r.joules}, {"joules_per_sample", r.joules / static_cast<double>(r.samples)}} : Json();
  out["windows"] = Json::array();
  for (const Window& w : r.windows)
    out["windows"].push_back({{"at_s", w.at_s}, {"samples_per_s", w.samples_per_s}, {"temperature_c", optional_json(w.temperature_c)}, {"clock_mhz", optional_json(w.clock_mhz)}});
  return out;
}

double battery_hours(double milliampere_hours, double volts, double joules_each, double every_s, double idle_watts) {
  const double watts = joules_each / every_s + idle_watts;
  return milliampere_hours / 1e3 * volts / watts;
}

}  // namespace verge
