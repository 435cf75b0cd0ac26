// What range each activation takes on real data: observed while the float Program runs on the device's runtime.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "eval/dataset.h"
#include "ir/graph.h"

namespace verge {

enum class RangeMethod : uint8_t { kMinMax, kPercentile, kMse };
const char* range_method_name(RangeMethod method);

struct Range {
  float low = 0;
  float high = 0;
};
inline constexpr Range kUnbounded{-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()};

// Extremes of one value, and a histogram of it (of evenly spread elements where a sample has many). The histogram's bins lie around first, first + step, ..; when a sample reaches beyond, the step doubles until it fits.
struct ValueStats {
  static constexpr int kBins = 4096;
  bool seen = false;
  float min = 0, max = 0;
  float first = 0, step = 0;  // step 0: every value so far was `first`
  std::vector<uint64_t> histogram;

  void add(const float* x, int64_t count);
  // As if this had seen what `other` saw too, up to the width of a bin.
  void merge(const ValueStats& other);

 private:
  void widen(float low, float high);
};

class Calibration {
 public:
  // Runs every sample once. `graph` is prepared (lowerable) and float.
  static Result<Calibration> run(const Graph& graph, const Dataset& data);

  bool seen(ValueId value) const { return stats_[value.index].seen; }
  const ValueStats& stats(ValueId value) const { return stats_[value.index]; }
  // kMinMax: the extremes. kPercentile: cuts 0.01 % of the mass in each tail. kMse: the clipping that loses the least signal energy when
  // rounded to 255 steps. The range always holds 0. Nothing outside `felt` makes a difference to whoever reads the value.
  Range range(ValueId value, RangeMethod method, const Range& felt = kUnbounded) const;

 private:
  std::vector<ValueStats> stats_;  // by ValueId::index
};

// Parameters of a range, zero exact: int8 asymmetric, or with 16 bits symmetric around zero point 0.
QuantParams activation_params(Range range, int bits = 8);

}  // namespace verge
