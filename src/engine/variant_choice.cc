#include "engine/variant_choice.h"

#include <algorithm>

namespace verge {

// The best variant that no condition forbids; `cautious`: by the limits that a way back has to pass.
size_t VariantChooser::wanted(const Conditions& now, bool cautious) const {
  size_t steps = 0;
  steps += now.battery_percent < (cautious ? rule_.battery_good : rule_.battery_low);
  steps += now.temperature_c > (cautious ? rule_.temperature_good : rule_.temperature_high);
  steps += now.load > (cautious ? rule_.load_good : rule_.load_high);
  const size_t last = latency_ms_.size() - 1;
  size_t out = std::min(steps, last);
  const double allowed = now.deadline_ms * (cautious ? rule_.deadline_good : rule_.deadline_share) * std::max(0.05, 1 - now.load);
  while (out < last && latency_ms_[out] > allowed) ++out;
  return out;
}

size_t VariantChooser::choose(const Conditions& now) {
  const size_t down = wanted(now, false);
  if (down > current_) {
    good_ = 0;
    return current_ = down;
  }
  good_ = wanted(now, true) < current_ ? good_ + 1 : 0;
  if (good_ >= rule_.patience) {
    good_ = 0;
    --current_;
  }
  return current_;
}

}  // namespace verge
