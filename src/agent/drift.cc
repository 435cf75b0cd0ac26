#include "agent/drift.h"

#include <algorithm>
#include <cmath>

namespace verge::agent {
namespace {

size_t bin_of(const std::array<float, DriftReference::kBins - 1>& edges, float value) {
  return static_cast<size_t>(std::upper_bound(edges.begin(), edges.end(), value) - edges.begin());
}

// The largest and the second of the probabilities that the scores mean.
std::pair<double, double> best_two(std::span<const float> scores) {
  if (scores.empty()) return {0, 0};
  double sum = 0, most = scores[0];
  bool probabilities = true;
  for (const float s : scores) {
    sum += s;
    most = std::max<double>(most, s);
    probabilities = probabilities && s >= 0;
  }
  probabilities = probabilities && std::fabs(sum - 1) < 0.02;
  double total = 0, first = 0, second = 0;
  for (const float s : scores) {
    const double p = probabilities ? s : std::exp(s - most);
    total += p;
    second = std::max(second, std::min(first, p));
    first = std::max(first, p);
  }
  return {first / total, second / total};
}

Json moments_json(const std::vector<double>& mean, const std::vector<double>& deviation) { return {{"mean", mean}, {"deviation", deviation}}; }

}  // namespace

const std::array<const char*, kDriftFeatures> kDriftNames = {"input_mean", "input_deviation", "confidence", "margin"};

DriftFeatures drift_features(std::span<const float> input, std::span<const float> scores) {
  double sum = 0, squares = 0;
  for (const float x : input) sum += x, squares += static_cast<double>(x) * x;
  const double n = std::max<double>(1, static_cast<double>(input.size())), mean = sum / n;
  const auto [first, second] = best_two(scores);
  return {static_cast<float>(mean), static_cast<float>(std::sqrt(std::max(0.0, squares / n - mean * mean))), static_cast<float>(first),
          static_cast<float>(first - second)};
}

void ChannelMoments::add(std::span<const float> values, size_t channels, bool channels_first) {
  if (channels == 0 || values.size() < channels) return;
  if (sum_.size() != channels) *this = {}, sum_.assign(channels, 0), squares_.assign(channels, 0);
  const size_t pixels = values.size() / channels;
  for (size_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    for (size_t p = 0; p < pixels; ++p) {
      const double x = values[channels_first ? c * pixels + p : p * channels + c];
      sum += x, squares += x * x;
    }
    sum_[c] += sum, squares_[c] += squares;
  }
  pixels_ += static_cast<double>(pixels);
  ++inputs_;
}

std::vector<double> ChannelMoments::mean() const {
  std::vector<double> out = sum_;
  for (double& m : out) m /= std::max(1.0, pixels_);
  return out;
}

std::vector<double> ChannelMoments::deviation() const {
  std::vector<double> out = mean();
  for (size_t c = 0; c < out.size(); ++c) out[c] = std::sqrt(std::max(0.0, squares_[c] / std::max(1.0, pixels_) - out[c] * out[c]));
  return out;
}

Json ChannelMoments::to_json() const {
  Json out = moments_json(mean(), deviation());
  out["inputs"] = inputs_;
  return out;
}

Result<KnownMoments> KnownMoments::parse(const Json& json) {
  try {
    KnownMoments out{json.at("mean").get<std::vector<double>>(), json.at("deviation").get<std::vector<double>>()};
    if (out.mean.empty() || out.mean.size() != out.deviation.size())
      return corrupt(std::to_string(out.mean.size()) + " means and " + std::to_string(out.deviation.size()) + " deviations; as many of each are wanted");
    return out;
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("these are no moments of inputs (the device tells them as numbers.input): ") + e.what());
  }
}

Result<DriftReference> DriftReference::learn(std::vector<DriftFeatures> samples) {
  if (samples.size() < 100) return invalid(std::to_string(samples.size()) + " samples are too few to know a distribution by; at least 100 are needed");
  DriftReference out;
  out.samples = samples.size();
  for (size_t f = 0; f < kDriftFeatures; ++f) {
    std::vector<float> values;
    for (const DriftFeatures& s : samples) values.push_back(s[f]);
    std::sort(values.begin(), values.end());
    for (size_t e = 0; e + 1 < kBins; ++e) out.edges[f][e] = values[values.size() * (e + 1) / kBins];
    for (const float v : values) out.share[f][bin_of(out.edges[f], v)] += 1.0f / static_cast<float>(values.size());
  }
  return out;
}

Json DriftReference::to_json() const {
  Json features = Json::object();
  for (size_t f = 0; f < kDriftFeatures; ++f) features[kDriftNames[f]] = {{"edges", edges[f]}, {"share", share[f]}};
  Json out = {{"version", 1}, {"samples", samples}, {"features", features}};
  if (moments) out["input"] = moments_json(moments->mean, moments->deviation);
  return out;
}

Result<DriftReference> DriftReference::parse(const Json& json) {
  try {
    DriftReference out;
    out.samples = json.at("samples");
    for (size_t f = 0; f < kDriftFeatures; ++f) {
      const Json& feature = json.at("features").at(kDriftNames[f]);
      out.edges[f] = feature.at("edges").get<std::array<float, kBins - 1>>();
      out.share[f] = feature.at("share").get<std::array<float, kBins>>();
      if (!std::is_sorted(out.edges[f].begin(), out.edges[f].end())) return corrupt(std::string("the edges of '") + kDriftNames[f] + "' are not in order");
    }
    if (json.contains("input")) {
      VERGE_TRY(out.moments, KnownMoments::parse(json.at("input")), "\"input\"");
    }
    return out;
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("this is no drift reference (make one with  verge drift learn): ") + e.what());
  }
}

bool DriftMonitor::add(const DriftFeatures& features) {
  if (in_quarter_ >= options_.window / static_cast<int>(kQuarters)) {
    quarter_ = (quarter_ + 1) % kQuarters;
    quarters_[quarter_] = {};
    in_quarter_ = 0;
  }
  for (size_t f = 0; f < kDriftFeatures; ++f) ++quarters_[quarter_][f][bin_of(reference_.edges[f], features[f])];
  ++in_quarter_;
  ++seen_;
  if (seen_ < static_cast<uint64_t>(options_.window) || in_quarter_ < options_.window / static_cast<int>(kQuarters)) return false;
  bool out = false;
  for (size_t f = 0; f < kDriftFeatures; ++f) out = out || psi(f) > options_.psi_limit;
  const bool begins = out && !alarmed_;
  alarmed_ = out;
  return begins;
}

std::array<double, DriftReference::kBins> DriftMonitor::shares(size_t feature) const {
  std::array<double, DriftReference::kBins> out{};
  double total = 0;
  for (const Counts& q : quarters_)
    for (size_t b = 0; b < out.size(); ++b) out[b] += q[feature][b], total += q[feature][b];
  for (double& s : out) s /= std::max(1.0, total);
  return out;
}

double DriftMonitor::psi(size_t feature) const {
  constexpr double kLeast = 0.001;  // an empty bin must not be infinitely far
  const auto now = shares(feature);
  double out = 0;
  for (size_t b = 0; b < now.size(); ++b) {
    const double a = std::max<double>(kLeast, reference_.share[feature][b]), p = std::max(kLeast, now[b]);
    out += (p - a) * std::log(p / a);
  }
  return out;
}

double DriftMonitor::ks(size_t feature) const {
  const auto now = shares(feature);
  double out = 0, a = 0, p = 0;
  for (size_t b = 0; b < now.size(); ++b) {
    a += reference_.share[feature][b];
    p += now[b];
    out = std::max(out, std::fabs(a - p));
  }
  return out;
}

}  // namespace verge::agent
