// Which of several variants of a model is to run: the best that the moment allows.
#pragma once
#include <cstddef>
#include <limits>
#include <vector>

namespace verge {

// What the device says of itself; what it does not know stays as it is here.
struct Conditions {
  double battery_percent = 100;
  double temperature_c = 25;
  double load = 0;  // of the processor by others, 0..1
  double deadline_ms = std::numeric_limits<double>::infinity();
};

// A condition is bad beyond the first limit, and good again only beyond the second: between them nothing changes.
struct ChoiceRule {
  double battery_low = 20, battery_good = 30;
  double temperature_high = 80, temperature_good = 70;
  double load_high = 0.9, load_good = 0.7;
  double deadline_share = 0.8, deadline_good = 0.6;  // of the deadline that a variant's latency, slowed down by the load, may take
  int patience = 3;  // good answers in a row before a better variant comes back
};

// Steps down at once, one variant for each bad condition and as far as the deadline wants; steps up by one after `patience` good answers in a row.
class VariantChooser {
 public:
  // Latencies of the variants, the best variant first and the cheapest last.
  explicit VariantChooser(std::vector<double> latency_ms, ChoiceRule rule = {}) : latency_ms_(std::move(latency_ms)), rule_(rule) {}

  size_t choose(const Conditions& now);
  size_t current() const { return current_; }

 private:
  size_t wanted(const Conditions& now, bool cautious) const;

  std::vector<double> latency_ms_;
  ChoiceRule rule_;
  size_t current_ = 0;
  int good_ = 0;
};

}  // namespace verge
