#include "eval/bench.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "os/clock.h"

namespace verge {
namespace {

double percentile(const std::vector<double>& sorted, double p) {
  const auto at = static_cast<size_t>(std::ceil(p * static_cast<double>(sorted.size())));
  return sorted[std::min(sorted.size() - 1, at > 0 ? at - 1 : 0)];
}

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

void bootstrap(const std::vector<double>& samples, Latency& out) {
  std::mt19937_64 random(1);
  std::vector<double> means;
  const size_t n = std::min<size_t>(samples.size(), 1000);
  for (int round = 0; round < 200; ++round) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += samples[random() % samples.size()];
    means.push_back(sum / static_cast<double>(n));
  }
  std::sort(means.begin(), means.end());
  out.mean_low_ms = percentile(means, 0.025);
  out.mean_high_ms = percentile(means, 0.975);
}

Result<double> timed_run(Executable& executable, std::span<const Tensor> inputs) {
  const double start = now_s();
  for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(executable.set_input(i, inputs[i]));
  VERGE_CHECK(executable.run());
  return (now_s() - start) * 1e3;
}

struct Profiler {
  std::vector<std::vector<double>> samples_ms;  // by instruction
  double start = 0;
  void step(uint32_t i, bool begin) {
    const double now = now_s();
    if (begin) {
      start = now;
    } else {
      samples_ms[i].push_back((now - start) * 1e3);
    }
  }
};

OpProfile describe_work(const rt::Model& model, size_t i) {
  const rt::InstructionRecord& r = model.instruction(i);
  OpProfile out;
  out.name = model.instruction_name(i);
  out.op = model.operator_name(i);
  out.macs = r.macs;
  for (int a = 0; a < r.in_count + r.out_count; ++a) {
    const uint32_t tensor = model.args(i)[a];
    if (tensor >= model.tensor_count()) continue;  // an absent optional argument
    const TensorView view = model.describe(tensor);
    out.bytes += static_cast<double>(view.bytes());
    if (a == r.in_count) out.integer = view.dtype == DataType::kI8 || view.dtype == DataType::kU8;
  }
  return out;
}

Result<std::vector<OpProfile>> profile(Executable& executable, std::span<const Tensor> inputs, size_t runs) {
  Profiler profiler{std::vector<std::vector<double>>(executable.model().instruction_count())};
  executable.session().set_trace({[](void* self, uint32_t i, bool begin) { static_cast<Profiler*>(self)->step(i, begin); }, &profiler});
  Result<void> status;
  for (size_t i = 0; i < runs && status.ok(); ++i)
    if (auto ms = timed_run(executable, inputs); !ms.ok()) status = std::move(ms).error();
  executable.session().set_trace({});
  VERGE_CHECK(std::move(status));
  double total = 0;
  std::vector<OpProfile> out;
  for (size_t i = 0; i < profiler.samples_ms.size(); ++i) {
    std::vector<double>& samples = profiler.samples_ms[i];
    out.push_back(describe_work(executable.model(), i));
    out.back().mean_ms = mean_of(samples);
    std::sort(samples.begin(), samples.end());
    total += out.back().p50_ms = percentile(samples, 0.5);
  }
  for (OpProfile& p : out) p.share = total > 0 ? p.p50_ms / total : 0;
  return out;
}

}  // namespace

Latency summarize(std::vector<double> samples) {
  Latency out;
  if (samples.empty()) return out;
  out.runs = samples.size();
  out.mean_ms = mean_of(samples);
  double squares = 0;
  for (double v : samples) squares += (v - out.mean_ms) * (v - out.mean_ms);
  out.std_ms = std::sqrt(squares / static_cast<double>(samples.size()));
  bootstrap(samples, out);
  std::sort(samples.begin(), samples.end());
  out.min_ms = samples.front();
  out.max_ms = samples.back();
  out.p50_ms = percentile(samples, 0.50);
  out.p90_ms = percentile(samples, 0.90);
  out.p95_ms = percentile(samples, 0.95);
  out.p99_ms = percentile(samples, 0.99);
  return out;
}

Json latency_json(const Latency& l) {
  return {{"runs", l.runs},     {"mean_ms", l.mean_ms}, {"std_ms", l.std_ms}, {"min_ms", l.min_ms}, {"max_ms", l.max_ms},
          {"p50_ms", l.p50_ms}, {"p90_ms", l.p90_ms},   {"p95_ms", l.p95_ms}, {"p99_ms", l.p99_ms}, {"mean_ci95_ms", {l.mean_low_ms, l.mean_high_ms}}};
}

Result<BenchResult> bench(Executable& executable, std::span<const Tensor> inputs, const BenchOptions& options) {
  BenchResult out;
  VERGE_TRY(out.first_ms, timed_run(executable, inputs));
  for (double until = now_s() + options.seconds / 10; now_s() < until;) VERGE_CHECK(timed_run(executable, inputs));
  std::vector<double> samples;
  for (const double until = now_s() + options.seconds; samples.size() < options.fewest_runs || (now_s() < until && samples.size() < options.most_runs);) {
    VERGE_TRY(const double ms, timed_run(executable, inputs));
    samples.push_back(ms);
  }
  out.warm = summarize(std::move(samples));
  if (options.profile) {
    const auto runs = static_cast<size_t>(std::clamp(options.seconds * 500 / std::max(out.warm.mean_ms, 1e-3), 3.0, 1000.0));
    VERGE_TRY(out.profile, profile(executable, inputs, runs));
  }
  return out;
}

std::vector<Tensor> random_inputs(const rt::Model& model, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Tensor> out;
  for (size_t i = 0; i < model.input_count(); ++i) {
    const TensorView view = model.input(i);
    Tensor t(view.dtype, view.shape);
    if (view.dtype == DataType::kF32) {
      for (float& x : t.mut<float>()) x = static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
    } else if (view.dtype == DataType::kU8 || view.dtype == DataType::kI8) {
      for (size_t b = 0; b < t.bytes().size(); ++b) t.data()[b] = static_cast<uint8_t>(random());
    }
    out.push_back(std::move(t));
  }
  return out;
}

Result<std::vector<Latency>> compare_latency(const std::vector<Contender>& contenders, int rounds, double seconds_each_round) {
  std::vector<std::vector<double>> samples(contenders.size());
  for (int round = 0; round < rounds; ++round)
    for (size_t i = 0; i < contenders.size(); ++i)
      for (const double until = now_s() + seconds_each_round; now_s() < until;) {
        VERGE_TRY(const double ms, timed_run(*contenders[i].executable, contenders[i].inputs));
        samples[i].push_back(ms);
      }
  std::vector<Latency> out;
  for (auto& s : samples) out.push_back(summarize(std::move(s)));
  return out;
}

}  // namespace verge
