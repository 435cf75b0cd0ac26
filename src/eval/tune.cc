#include "eval/tune.h"

#include <algorithm>
#include <random>

#include "os/clock.h"

namespace verge {
namespace {

constexpr size_t kFewestSamples = 12;   // of a way
constexpr size_t kMostSamples = 2000;
constexpr size_t kFewestRounds = 12, kMostRounds = 2000;  // of a comparison of whole inferences
constexpr double kLeastWhole = 0.01;    // gain of a whole inference that can be told from none

double tenth_percentile(std::vector<double> samples) {
  if (samples.empty()) return 1e30;
  const auto at = samples.begin() + static_cast<ptrdiff_t>(samples.size() / 10);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

// By layer of the model, the index of its way.
using Choice = std::vector<size_t>;

class Tuner {
 public:
  Tuner(Executable& executable, std::span<const Tensor> inputs, const TuneOptions& options) : executable_(executable), inputs_(inputs), options_(options) {
    for (const ModelLayer& layer : model_layers(executable.model())) add(layer);
    table_.put_in_force();
  }

  Result<TuneResult> run() {
    if (!result_.layers.empty()) {
      VERGE_CHECK(measure_layers());
      choose();
      VERGE_CHECK(drop_useless());
    }
    VERGE_CHECK(confirm());
    return std::move(result_);
  }

 private:
  void add(const ModelLayer& layer) {
    auto& layers = result_.layers;
    auto it = std::find_if(layers.begin(), layers.end(), [&](const TunedLayer& l) { return l.kind.key() == layer.kind.key(); });
    if (it == layers.end()) it = layers.insert(layers.end(), {layer.kind, {}, layer.ways, {}, 0});
    it->instructions.push_back(layer.instruction);
  }

  void go(const Choice& choice) {
    for (size_t i = 0; i < choice.size(); ++i) table_.set(result_.layers[i].kind, result_.layers[i].ways[choice[i]]);
  }
  Choice usual() const { return Choice(result_.layers.size(), 0); }
  Choice chosen() const {
    Choice out;
    for (const TunedLayer& layer : result_.layers) out.push_back(layer.chosen);
    return out;
  }

  Result<double> timed_run() {
    for (size_t i = 0; i < inputs_.size(); ++i) VERGE_CHECK(executable_.set_input(i, inputs_[i]));
    const double start = now_s();
    VERGE_CHECK(executable_.run());
    return (now_s() - start) * 1e3;
  }

  struct Times {
    std::vector<double> ms;  // by instruction
    double start = 0;
    void step(uint32_t i, bool begin) { begin ? static_cast<void>(start = now_s()) : static_cast<void>(ms[i] = (now_s() - start) * 1e3); }
  };

  // Every run takes a random way of each layer, so that none is always measured beside the same neighbours.
  Result<void> measure_layers() {
    Times times{std::vector<double>(executable_.model().instruction_count())};
    std::vector<std::vector<std::vector<double>>> samples;
    size_t most_ways = 0;
    for (const TunedLayer& layer : result_.layers) samples.emplace_back(layer.ways.size()), most_ways = std::max(most_ways, layer.ways.size());
    executable_.session().set_trace({[](void* self, uint32_t i, bool begin) { static_cast<Times*>(self)->step(i, begin); }, &times});
    const Result<void> status = sample(times, samples, most_ways);
    executable_.session().set_trace({});
    VERGE_CHECK(status);
    for (size_t i = 0; i < samples.size(); ++i)
      for (const std::vector<double>& way : samples[i]) result_.layers[i].ms.push_back(tenth_percentile(way));
    return done();
  }

  Result<void> sample(Times& times, std::vector<std::vector<std::vector<double>>>& samples, size_t most_ways) {
    std::mt19937_64 random(1);
    Choice taken = usual(), first = usual();
    const double end = now_s() + options_.seconds;
    for (size_t run = 0; run < most_ways * kFewestSamples || (run < most_ways * kMostSamples && now_s() < end); ++run) {
      if (run % most_ways == 0)
        for (size_t& i : first) i = random();
      for (size_t i = 0; i < taken.size(); ++i) taken[i] = (first[i] % most_ways + run) % result_.layers[i].ways.size();
      go(taken);
      VERGE_CHECK(timed_run());
      for (size_t i = 0; i < taken.size(); ++i) {
        double sum = 0;
        for (const uint32_t at : result_.layers[i].instructions) sum += times.ms[at];
        samples[i][taken[i]].push_back(sum);
      }
    }
    return done();
  }

  void choose() {
    for (TunedLayer& layer : result_.layers) {
      const auto best = static_cast<size_t>(std::min_element(layer.ms.begin(), layer.ms.end()) - layer.ms.begin());
      if (layer.ms[best] < (1 - options_.least_gain) * layer.ms[0]) layer.chosen = best;
    }
  }

  struct Pair {
    double a, b;
  };
  // Two ways of whole inferences, by turns.
  Result<Pair> compare(const Choice& a, const Choice& b, double seconds) {
    std::vector<double> samples[2];
    const Choice* const sides[2] = {&a, &b};
    const double end = now_s() + seconds;
    for (size_t round = 0; round < kFewestRounds || (round < kMostRounds && now_s() < end); ++round)
      for (const size_t at : {round % 2, 1 - round % 2}) {
        go(*sides[at]);
        VERGE_TRY(const double ms, timed_run());
        samples[at].push_back(ms);
      }
    return Pair{tenth_percentile(std::move(samples[0])), tenth_percentile(std::move(samples[1]))};
  }

  // A layer may gain what its neighbours lose: a choice without which the inference is no slower goes, those that gain least first.
  Result<void> drop_useless() {
    std::vector<size_t> order;
    for (size_t i = 0; i < result_.layers.size(); ++i)
      if (result_.layers[i].chosen) order.push_back(i);
    const auto gain = [&](size_t i) { return result_.layers[i].ms[0] - result_.layers[i].ms[result_.layers[i].chosen]; };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return gain(a) < gain(b); });
    for (const size_t i : order) {
      Choice without = chosen();
      without[i] = 0;
      VERGE_TRY(const Pair pair, compare(chosen(), without, options_.seconds / 2 / static_cast<double>(order.size())));
      if (pair.b <= pair.a) result_.layers[i].chosen = 0;
    }
    return done();
  }

  Result<void> confirm() {
    VERGE_TRY(const Pair pair, compare(usual(), chosen(), options_.seconds / 2));
    result_.usual_ms = pair.a, result_.tuned_ms = pair.b;
    const bool any = std::any_of(result_.layers.begin(), result_.layers.end(), [](const TunedLayer& layer) { return layer.chosen > 0; });
    if (any && pair.b < (1 - kLeastWhole) * pair.a) return done();
    result_.tuned_ms = result_.usual_ms;
    for (TunedLayer& layer : result_.layers) layer.chosen = 0;
    return done();
  }

  Executable& executable_;
  std::span<const Tensor> inputs_;
  const TuneOptions& options_;
  TuneResult result_;
  WayTable table_;
};

}  // namespace

Result<TuneResult> tune(Executable& executable, std::span<const Tensor> inputs, const TuneOptions& options) { return Tuner(executable, inputs, options).run(); }

void add_tuned(const TuneResult& result, Tuning& tuning) {
  for (const TunedLayer& layer : result.layers) {
    if (layer.chosen == 0) tuning.layers.erase(layer_text(layer.kind));
    else tuning.layers[layer_text(layer.kind)] = layer.ways[layer.chosen];
  }
}

}  // namespace verge
