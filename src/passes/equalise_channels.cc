#include "passes/equalise_channels.h"

#include <algorithm>
#include <cmath>

#include "ops/op.h"
#include "passes/channel_groups.h"
#include "passes/fused.h"

namespace verge::passes {
namespace {

using Factors = std::vector<double>;

constexpr int kSweeps = 20;          // a depthwise layer's rows are its columns too: its two groups settle together
constexpr double kSettled = 1.001;   // a factor below changes nothing
constexpr double kLargestStep = 1e6;

// The stride from an element of channel c to one of channel c + 1, and the elements of a channel beside each other.
struct Slices {
  int64_t channels, inner;
  int64_t channel(int64_t i) const { return i / inner % channels; }
};

Slices rows(const Tensor& w) { return {w.shape()[0], w.shape().count(1, w.shape().rank)}; }
Slices columns(const Tensor& w, bool depthwise) { return depthwise ? rows(w) : Slices{w.shape()[w.shape().rank - 1], 1}; }

// log of the largest magnitude of each channel; channels of zeros count as nothing.
Factors log_ranges(const Tensor& w, const Slices& s) {
  Factors out(static_cast<size_t>(s.channels), 0);
  const std::span<const float> x = w.values<float>();
  for (int64_t i = 0; i < w.count(); ++i) {
    double& m = out[static_cast<size_t>(s.channel(i))];
    m = std::max(m, std::fabs(static_cast<double>(x[static_cast<size_t>(i)])));
  }
  for (double& m : out) m = m > 0 ? std::log(m) : std::numeric_limits<double>::quiet_NaN();
  return out;
}

double mean_of_finite(const Factors& logs) {
  double sum = 0, count = 0;
  for (double l : logs)
    if (std::isfinite(l)) sum += l, ++count;
  return count > 0 ? sum / count : 0;
}

// A channel that is little but its bias reaches as far as that does: biases count like weights, once their mean over the channels is that of the weights.
Factors with_bias(Factors weights, const Factors& bias) {
  const double level = mean_of_finite(weights) - mean_of_finite(bias);
  for (size_t c = 0; c < weights.size(); ++c)
    if (std::isfinite(bias[c])) weights[c] = std::isfinite(weights[c]) ? std::max(weights[c], bias[c] + level) : bias[c] + level;
  return weights;
}

Tensor scaled(const Tensor& t, const Slices& s, const Factors& factors, bool inverse) {
  Tensor out = Tensor::of<float>(t.shape(), t.values<float>());
  const std::span<float> x = out.mut<float>();
  for (int64_t i = 0; i < t.count(); ++i) {
    const double f = factors[static_cast<size_t>(s.channel(i))];
    x[static_cast<size_t>(i)] = static_cast<float>(inverse ? x[static_cast<size_t>(i)] / f : x[static_cast<size_t>(i)] * f);
  }
  return out;
}

class Equaliser {
 public:
  explicit Equaliser(Graph& graph) : g_(graph) {
    for (ChannelGroup& group : channel_groups(graph, ChannelUse::kScale))
      if (!group.fixed && !group.makers.empty() && !group.readers.empty()) groups_.push_back(std::move(group));
  }

  Equalised run() {
    Equalised out;
    out.spread = spread();
    std::vector<bool> changed(groups_.size(), false);
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      for (size_t i = 0; i < groups_.size(); ++i) {
        const Factors f = factors(groups_[i]);
        if (widest(f) < kSettled) continue;
        apply(groups_[i], f, out);
        changed[i] = true;
      }
    out.groups = static_cast<size_t>(std::count(changed.begin(), changed.end(), true));
    return out;
  }

  double spread() const {
    double most = 1;
    for (const ChannelGroup& group : groups_) most = std::max(most, widest(factors(group)));
    return most;
  }

 private:
  static double widest(const Factors& f) {
    const auto [least, most] = std::minmax_element(f.begin(), f.end());
    return *most / *least;
  }
  const Tensor& weights(NodeId id) const { return *g_.constant(g_.node(id).input(1)); }

  // sqrt(readers' range / makers' range), its geometric mean over the channels 1.
  Factors factors(const ChannelGroup& group) const {
    Factors logs(static_cast<size_t>(group.channels), 0);
    const auto add = [&](const Factors& ranges, double weight) {
      for (size_t c = 0; c < logs.size(); ++c) logs[c] += weight * ranges[c];
    };
    for (NodeId id : group.makers) add(made_range(id), -0.5 / static_cast<double>(group.makers.size()));
    for (NodeId id : group.readers) add(log_ranges(weights(id), columns(weights(id), is_depthwise(g_, g_.node(id)))), 0.5 / static_cast<double>(group.readers.size()));
    const double mean = mean_of_finite(logs);
    Factors out;
    for (double l : logs) out.push_back(std::isfinite(l) ? std::clamp(std::exp(l - mean), 1 / kLargestStep, kLargestStep) : 1.0);
    return out;
  }

  Factors made_range(NodeId id) const {
    const Factors out = log_ranges(weights(id), rows(weights(id)));
    const Tensor* bias = g_.constant(g_.node(id).input(2));
    return bias ? with_bias(out, log_ranges(*bias, {bias->count(), 1})) : out;
  }

  void apply(const ChannelGroup& group, const Factors& f, Equalised& out) {
    for (NodeId id : group.makers) {
      set_input(id, 1, scaled(weights(id), rows(weights(id)), f, false));
      if (const Tensor* bias = g_.constant(g_.node(id).input(2))) set_input(id, 2, scaled(*bias, {bias->count(), 1}, f, false));
      loosen(id, f, out);
    }
    for (NodeId id : group.readers) set_input(id, 1, scaled(weights(id), columns(weights(id), is_depthwise(g_, g_.node(id))), f, true));
    for (NodeId id : group.carriers) loosen(id, f, out);
  }

  void set_input(NodeId id, size_t i, Tensor tensor) {
    const ValueId fresh = g_.add_constant(std::move(tensor), g_.value(g_.node(id).input(i)).name);
    g_.node(id).inputs[i] = fresh;
  }

  void loosen(NodeId id, const Factors& f, Equalised& out) {
    Node& n = g_.node(id);
    const double most = *std::max_element(f.begin(), f.end());
    for (const char* attr : {"clamp_max", "max"}) {
      if (!n.has(attr) || !std::isfinite(n.real(attr)) || (attr == std::string("max") && n.op != "clamp")) continue;
      n.attrs[attr] = n.real(attr) * most;
      ++out.loosened;
    }
  }

  Graph& g_;
  std::vector<ChannelGroup> groups_;
};

}  // namespace

double channel_spread(const Graph& graph) {
  Graph copy = graph;
  return Equaliser(copy).spread();
}

Result<Equalised> equalise_channels(Graph& graph) {
  const Equalised out = Equaliser(graph).run();
  VERGE_CHECK(ops::infer_types(graph), "equalise_channels");
  return out;
}

}  // namespace verge::passes
