// Whether what a model sees has changed: sketches of a few numbers of each inference against those of the data that it was made for.
//
// Four features an inference: mean and standard deviation of the input, confidence (largest probability), margin (to the second). Their distributions over the last
// inferences are compared with a reference by the population stability index (PSI) and by the Kolmogorov-Smirnov distance on the same bins. No raw data is kept.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/json.h"

namespace verge::agent {

inline constexpr size_t kDriftFeatures = 4;
extern const std::array<const char*, kDriftFeatures> kDriftNames;
using DriftFeatures = std::array<float, kDriftFeatures>;

// `scores`: the model's answer; what does not sum to one goes through a softmax first.
DriftFeatures drift_features(std::span<const float> input, std::span<const float> scores);

// Mean and deviation of each channel's values over many inputs.
class ChannelMoments {
 public:
  // values: one input, [pixels, channels], or [channels, pixels] where channels come first. A change of `channels` begins anew.
  void add(std::span<const float> values, size_t channels, bool channels_first);
  uint64_t inputs() const { return inputs_; }
  std::vector<double> mean() const;
  std::vector<double> deviation() const;
  // {"inputs", "mean", "deviation"}
  Json to_json() const;

 private:
  std::vector<double> sum_, squares_;  // a channel each
  double pixels_ = 0;
  uint64_t inputs_ = 0;
};

// The same read back from JSON: what a correction of drifted inputs is computed from.
struct KnownMoments {
  std::vector<double> mean, deviation;
  static Result<KnownMoments> parse(const Json& json);
};

// Deciles of each feature: bins that the reference data fill alike.
struct DriftReference {
  static constexpr size_t kBins = 10;
  std::array<std::array<float, kBins - 1>, kDriftFeatures> edges{};
  std::array<std::array<float, kBins>, kDriftFeatures> share{};
  uint64_t samples = 0;
  std::optional<KnownMoments> moments;  // of the inputs; older references have none

  // kInvalidArgument below 100 samples: their deciles would be noise.
  static Result<DriftReference> learn(std::vector<DriftFeatures> samples);
  Json to_json() const;
  static Result<DriftReference> parse(const Json& json);
};

// The limit holds for every feature. Of `window` = 200 inferences that come from the reference's distribution, ten bins give a PSI of 9 / 200 on average; 0.5 is
// exceeded once in 10^15 windows.
struct DriftOptions {
  int window = 200;
  double psi_limit = 0.5;
};

// Counts in four quarters of the window, of which the oldest is forgotten: some 400 bytes, no allocation.
class DriftMonitor {
 public:
  explicit DriftMonitor(const DriftReference& reference, DriftOptions options = {}) : reference_(reference), options_(options) {}
  // True when the alarm begins: a whole window was seen and a feature left its limit. It ends when all features are back.
  bool add(const DriftFeatures& features);
  bool alarmed() const { return alarmed_; }
  double psi(size_t feature) const;
  double ks(size_t feature) const;
  uint64_t seen() const { return seen_; }

 private:
  static constexpr size_t kQuarters = 4;
  using Counts = std::array<std::array<uint16_t, DriftReference::kBins>, kDriftFeatures>;
  std::array<double, DriftReference::kBins> shares(size_t feature) const;

  DriftReference reference_;
  DriftOptions options_;
  std::array<Counts, kQuarters> quarters_{};
  size_t quarter_ = 0;
  int in_quarter_ = 0;
  uint64_t seen_ = 0;
  bool alarmed_ = false;
};

}  // namespace verge::agent
