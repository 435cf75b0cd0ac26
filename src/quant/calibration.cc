#include "quant/calibration.h"

#include <algorithm>
#include <cmath>

#include "eval/by_parts.h"
#include "eval/score.h"
#include "lower/lower.h"

namespace verge {
namespace {

// Which float value each instruction writes, so that a trace can look at it before its memory is reused.
struct Watch {
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> written;  // by instruction: (tensor, value index)
  std::vector<std::pair<uint32_t, uint32_t>> inputs;
};

Watch make_watch(const Graph& graph, const Lowered& lowered, const rt::Model& model) {
  Watch watch;
  watch.written.resize(model.instruction_count());
  std::vector<std::vector<uint32_t>> values_of(model.tensor_count());
  for (uint32_t v = 0; v < lowered.value_tensor.size(); ++v) {
    const uint32_t t = lowered.value_tensor[v];
    const TensorType& type = graph.type(ValueId{v});
    if (t != rt::kNoTensor && !graph.value(ValueId{v}).constant && type.dtype == DataType::kF32) values_of[t].push_back(v);
  }
  for (size_t i = 0; i < model.instruction_count(); ++i) {
    const rt::InstructionRecord& r = model.instruction(i);
    for (uint32_t o = 0; o < r.out_count; ++o) {
      const uint32_t t = model.args(i)[r.in_count + o];
      for (uint32_t v : values_of[t]) watch.written[i].emplace_back(t, v);
    }
  }
  for (size_t i = 0; i < model.input_count(); ++i)
    for (uint32_t v : values_of[model.input_tensor(i)]) watch.inputs.emplace_back(model.input_tensor(i), v);
  return watch;
}

class Observer {
 public:
  Observer(Executable& executable, const Watch& watch, std::vector<ValueStats>& stats) : executable_(executable), watch_(watch), stats_(stats) {
    executable_.session().set_trace({[](void* self, uint32_t i, bool begin) { static_cast<Observer*>(self)->step(i, begin); }, this});
  }
  ~Observer() { executable_.session().set_trace({}); }
  Result<void> pass(const Dataset& data, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      VERGE_TRY(const Sample sample, data.get(i));
      for (size_t k = 0; k < sample.inputs.size(); ++k) VERGE_CHECK(executable_.set_input(k, sample.inputs[k]), sample.name);
      for (const auto& [tensor, value] : watch_.inputs) look(tensor, value);
      VERGE_CHECK(executable_.run(), sample.name);
    }
    return done();
  }

 private:
  void step(uint32_t instruction, bool begin) {
    if (begin) return;
    for (const auto& [tensor, value] : watch_.written[instruction]) look(tensor, value);
  }
  void look(uint32_t tensor, uint32_t value) {
    const TensorView& view = executable_.session().tensor(tensor);
    stats_[value].add(view.as<float>(), view.shape.count());
  }

  Executable& executable_;
  const Watch& watch_;
  std::vector<ValueStats>& stats_;
};

Range with_zero(float low, float high) { return {std::min(low, 0.0f), std::max(high, 0.0f)}; }

// Side by side, as vector units take them.
std::pair<float, float> extremes(const float* x, int64_t count) {
  constexpr int64_t kLanes = 16;
  float low[kLanes], high[kLanes];
  std::fill_n(low, kLanes, x[0]);
  std::fill_n(high, kLanes, x[0]);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t k = 0; k < kLanes; ++k) {
      low[k] = x[i + k] < low[k] ? x[i + k] : low[k];
      high[k] = x[i + k] > high[k] ? x[i + k] : high[k];
    }
  for (; i < count; ++i) low[0] = std::min(low[0], x[i]), high[0] = std::max(high[0], x[i]);
  return {*std::min_element(low, low + kLanes), *std::max_element(high, high + kLanes)};
}

// A sample's share of a histogram is some thousand of its values; a stride without small factors meets all channels.
int64_t histogram_stride(int64_t count) {
  constexpr int64_t kEnough = 4096;
  int64_t stride = std::max<int64_t>(1, count / kEnough);
  while (stride > 1 && (stride % 2 == 0 || stride % 3 == 0 || stride % 5 == 0 || stride % 7 == 0)) ++stride;
  return stride;
}

float bin_value(const ValueStats& s, int bin) { return std::clamp(s.first + s.step * static_cast<float>(bin), s.min, s.max); }

Range percentile_range(const ValueStats& s, double tail) {
  uint64_t total = 0;
  for (uint64_t n : s.histogram) total += n;
  const auto cut = static_cast<uint64_t>(static_cast<double>(total) * tail);
  int low = 0, high = ValueStats::kBins - 1;
  for (uint64_t mass = 0; low < high && (mass += s.histogram[low]) <= cut;) ++low;
  for (uint64_t mass = 0; high > low && (mass += s.histogram[high]) <= cut;) --high;
  return with_zero(bin_value(s, low), bin_value(s, high));
}

Range within(const Range& r, const Range& bounds) { return with_zero(std::max(r.low, bounds.low), std::min(r.high, bounds.high)); }

// A histogram as running sums, so that the error of a range takes a handful of operations.
class Mass {
 public:
  Mass(const ValueStats& s, const Range& felt) {
    value_.reserve(ValueStats::kBins);
    for (int b = 0; b < ValueStats::kBins; ++b) {
      const double x = std::clamp(bin_value(s, b), felt.low, felt.high), n = static_cast<double>(s.histogram[static_cast<size_t>(b)]);
      const Sums& before = sums_.back();
      value_.push_back(x);
      sums_.push_back({before.count + n, before.first + n * x, before.second + n * x * x});
    }
  }

  // Energy lost by clipping to and rounding on the int8 grid of `range`. Within the grid the rounding error of a bin is scale^2 / 12 whatever its centre is; outside, the
  // clipping counts.
  double error(const Range& range) const {
    const QuantParams q = activation_params(range);
    const double scale = q.scale[0], zero = q.zero_point[0];
    const size_t low = place(std::lower_bound(value_.begin(), value_.end(), scale * (-128.5 - zero)));
    const size_t high = std::max(low, place(std::upper_bound(value_.begin(), value_.end(), scale * (127.5 - zero))));
    return clipped(0, low, scale * (-128 - zero)) + (sums_[high].count - sums_[low].count) * scale * scale / 12 + clipped(high, value_.size(), scale * (127 - zero));
  }

 private:
  struct Sums {
    double count = 0, first = 0, second = 0;  // of 1, x, x^2
  };
  size_t place(std::vector<double>::const_iterator at) const { return static_cast<size_t>(at - value_.begin()); }
  double clipped(size_t begin, size_t end, double to) const {
    const Sums &a = sums_[begin], &b = sums_[end];
    return (b.second - a.second) - 2 * to * (b.first - a.first) + to * to * (b.count - a.count);
  }

  std::vector<double> value_;  // of each bin, as felt
  std::vector<Sums> sums_ = {{}};
};

Range mse_range(const ValueStats& s, const Range& felt) {
  const Mass mass(s, felt);
  const Range whole = within({s.min, s.max}, felt);
  Range best = whole;
  double least = mass.error(whole);
  constexpr int kSteps = 50;
  for (int i = 1; i < kSteps; ++i) {
    const float keep = 1.0f - 0.7f * static_cast<float>(i) / kSteps;
    for (const Range r : {Range{whole.low * keep, whole.high * keep}, Range{whole.low, whole.high * keep}, Range{whole.low * keep, whole.high}}) {
      const double error = mass.error(r);
      if (error < least) {
        least = error;
        best = r;
      }
    }
  }
  return best;
}

}  // namespace

// Extremes first, so that a sample widens the bins at most once.
void ValueStats::add(const float* x, int64_t count) {
  if (count == 0) return;
  const auto [low, high] = extremes(x, count);
  if (!seen) {
    histogram.assign(kBins, 0);
    first = min = low;
    max = high;
    step = (high - low) / (kBins - 1);
    seen = true;
  }
  min = std::min(min, low);
  max = std::max(max, high);
  widen(low, high);
  const float per = step > 0 ? 1 / step : 0;
  for (int64_t i = 0, stride = histogram_stride(count); i < count; i += stride) {
    const int bin = static_cast<int>((x[i] - first) * per + 0.5F);
    ++histogram[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))];
  }
}

void ValueStats::merge(const ValueStats& other) {
  if (!other.seen) return;
  if (!seen) return static_cast<void>(*this = other);
  const float low = std::min(first, other.first), high = std::max(first + step * (kBins - 1), other.first + other.step * (kBins - 1));
  ValueStats out;
  out.seen = true;
  out.min = std::min(min, other.min);
  out.max = std::max(max, other.max);
  out.first = low;
  out.step = (high - low) / (kBins - 1);
  out.histogram.assign(kBins, 0);
  for (const ValueStats* from : {static_cast<const ValueStats*>(this), &other})
    for (int b = 0; b < kBins; ++b) {
      const float x = from->first + from->step * static_cast<float>(b);
      const int bin = out.step > 0 ? static_cast<int>((x - low) / out.step + 0.5F) : 0;
      out.histogram[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))] += from->histogram[static_cast<size_t>(b)];
    }
  *this = std::move(out);
}

// Pairs of bins become one, those of a growing range towards the side where it grows.
void ValueStats::widen(float low, float high) {
  if (step == 0 && high > low) step = std::max(high - first, first - low) / (kBins - 1);
  if (step == 0 && low != first) step = std::fabs(low - first) / (kBins / 2 - 1);
  for (int turn = 0; turn < 200 && (low < first || high > first + step * (kBins - 1)); ++turn) {
    const bool down = low < first;
    std::vector<uint64_t> wide(kBins, 0);
    for (int b = 0; b < kBins; ++b) wide[static_cast<size_t>((b + (down ? kBins : 0)) / 2)] += histogram[static_cast<size_t>(b)];
    histogram = std::move(wide);
    if (down) first -= step * kBins;
    step *= 2;
  }
}

const char* range_method_name(RangeMethod method) {
  return method == RangeMethod::kMinMax ? "min-max" : method == RangeMethod::kPercentile ? "percentile" : "mse";
}

Result<Calibration> Calibration::run(const Graph& graph, const Dataset& data) {
  if (data.size() == 0) return invalid("calibration needs at least one sample, the data holds none");
  VERGE_TRY(Lowered lowered, lower(graph));
  VERGE_TRY(const Executable executable, Executable::open(lowered.program, untimed(lowered)));
  lowered.program = {};  // the executable has its own
  const Watch watch = make_watch(graph, lowered, executable.model());
  constexpr size_t kParts = 2;  // whatever the machine has: merged histograms depend on where they were cut
  std::vector<std::vector<ValueStats>> stats(kParts, std::vector<ValueStats>(graph.value_count()));
  VERGE_CHECK(by_parts(data.size(), kParts, [&](size_t part, size_t begin, size_t end) -> Result<void> {
    VERGE_TRY(Executable mine, executable.another());
    return Observer(mine, watch, stats[part]).pass(data, begin, end);
  }));
  Calibration out;
  out.stats_ = std::move(stats[0]);
  for (size_t v = 0; v < out.stats_.size(); ++v) out.stats_[v].merge(stats[1][v]);
  return out;
}

Range Calibration::range(ValueId value, RangeMethod method, const Range& felt) const {
  const ValueStats& s = stats_[value.index];
  if (method == RangeMethod::kMinMax || !(s.max > s.min)) return within({s.min, s.max}, felt);
  return method == RangeMethod::kPercentile ? within(percentile_range(s, 1e-4), felt) : mse_range(s, felt);
}

QuantParams activation_params(Range range, int bits) {
  const double low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  if (bits == 16) return {{static_cast<float>(high > low ? std::max(-low, high) / 32767 : 1.0)}, {0}, -1};
  const double scale = high > low ? (high - low) / 255 : 1.0;
  const double zero = std::clamp(std::nearbyint(-128 - low / scale), -128.0, 127.0);
  return {{static_cast<float>(scale)}, {static_cast<int32_t>(zero)}, -1};
}

}  // namespace verge
