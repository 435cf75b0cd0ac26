#include "ops/resize/resize_tables.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/integers.h"
#include "ops/resize/resize_attrs.h"

namespace verge::ops {
namespace {

using Taps = std::map<int64_t, double>;  // input index, possibly beyond the edge -> weight

// Sizes of one axis; 1 / scale is kept as a quotient, so that whole numbers stay whole.
struct Axis {
  int64_t in, out;
  double scale;  // 0: out / in

  double over_scale(double i) const { return scale > 0 ? i / scale : i * static_cast<double>(in) / static_cast<double>(out); }
  // The output's length before it was rounded down, where a scale says so.
  double length() const { return scale > 0 ? static_cast<double>(in) * scale : static_cast<double>(out); }
  double ratio() const { return scale > 0 ? scale : static_cast<double>(out) / static_cast<double>(in); }
};

double coordinate(const ResizeRule& rule, const Axis& a, int64_t i) {
  const auto at = static_cast<double>(i);
  if (rule.coordinate == "asymmetric") return a.over_scale(at);
  if (rule.coordinate == "align_corners") return a.out == 1 ? 0 : at * static_cast<double>(a.in - 1) / (a.length() - 1);
  if (rule.coordinate == "pytorch_half_pixel" && a.out == 1) return 0;
  if (rule.coordinate == "tf_half_pixel_for_nn") return a.over_scale(at + 0.5);
  if (rule.coordinate == "half_pixel_symmetric") return static_cast<double>(a.in) / 2 * (1 - static_cast<double>(a.out) / a.length()) + a.over_scale(at + 0.5) - 0.5;
  if (rule.coordinate == "crop") {
    const auto last = static_cast<double>(a.in - 1);
    const double within = a.length() == 1 ? last / 2 : at * last / (a.length() - 1);
    return rule.begin * last + (rule.end - rule.begin) * within;
  }
  return a.over_scale(at + 0.5) - 0.5;
}

int64_t nearest(const ResizeRule& rule, double x) {
  if (rule.nearest_mode == "floor") return to_integer<int64_t>(std::floor(x));
  if (rule.nearest_mode == "ceil") return to_integer<int64_t>(std::ceil(x));
  if (rule.nearest_mode == "round_prefer_ceil") return to_integer<int64_t>(std::floor(x + 0.5));
  return to_integer<int64_t>(std::ceil(x - 0.5));
}

double triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

double cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// A filter of `radius` inputs to either side of x, widened where antialias shrinks.
template <typename F> Taps filtered(const ResizeRule& rule, const Axis& a, double x, double radius, const F& f) {
  const double shrink = rule.antialias ? std::min(a.ratio(), 1.0) : 1.0;
  Taps taps;
  double sum = 0;
  for (auto k = to_integer<int64_t>(std::floor(x - radius / shrink)); k <= to_integer<int64_t>(std::ceil(x + radius / shrink)); ++k) {
    const double weight = f((static_cast<double>(k) - x) * shrink);
    if (weight != 0) taps[k] = weight;
    sum += weight;
  }
  for (auto& [k, weight] : taps) weight /= sum;
  return taps;
}

// The mean over what output i covers.
Taps covered(const Axis& a, int64_t i) {
  const double begin = a.over_scale(static_cast<double>(i)), end = std::min(a.over_scale(static_cast<double>(i + 1)), static_cast<double>(a.in));
  Taps taps;
  for (auto k = to_integer<int64_t>(std::floor(begin)); k < end; ++k) {
    const double overlap = std::min(end, static_cast<double>(k + 1)) - std::max(begin, static_cast<double>(k));
    if (overlap > 0) taps[k] = overlap / (end - begin);
  }
  return taps;
}

Taps taps_of(const ResizeRule& rule, const Axis& a, int64_t i) {
  if (rule.mode == "area") return covered(a, i);
  const double x = coordinate(rule, a, i);
  if (rule.mode == "nearest") return {{nearest(rule, x), 1.0}};
  if (rule.mode == "cubic") return filtered(rule, a, x, 2, [&](double d) { return cubic(d, rule.cubic_a); });
  return filtered(rule, a, x, 1, triangle);
}

// Only inputs within the axis: those beyond are the edge's, or nobody's.
Taps within(const ResizeRule& rule, const Taps& taps, int64_t in) {
  Taps out;
  double sum = 0;
  for (const auto& [k, weight] : taps) {
    const bool outside = k < 0 || k >= in;
    if (outside && rule.exclude_outside) continue;
    out[std::clamp<int64_t>(k, 0, in - 1)] += weight;
    sum += weight;
  }
  if (out.empty() || sum == 0) return {{std::clamp<int64_t>(taps.empty() ? 0 : taps.begin()->first, 0, in - 1), 1.0}};
  if (rule.exclude_outside)
    for (auto& [k, weight] : out) weight /= sum;
  return out;
}

template <typename W> ResizeTable<W> packed(const std::vector<std::map<int64_t, W>>& all, int64_t in) {
  ResizeTable<W> table;
  for (const auto& taps : all) table.taps = std::max(table.taps, static_cast<int32_t>(taps.rbegin()->first - taps.begin()->first + 1));
  for (const auto& taps : all) {
    const int64_t first = std::min(taps.begin()->first, in - table.taps);
    table.first.push_back(static_cast<int32_t>(first));
    for (int32_t t = 0; t < table.taps; ++t) {
      const auto found = taps.find(first + t);
      table.weights.push_back(found == taps.end() ? W{} : found->second);
    }
  }
  return table;
}

// ComputeInterpolationValuesInteger of TensorFlow Lite, in units of 1/1024.
std::map<int64_t, int32_t> tflite_taps(const ResizeRule& rule, int64_t in, int64_t out, int64_t i) {
  constexpr int64_t kOne = exec::kResizeOne;
  const bool corners = rule.coordinate == "align_corners" && out > 1;
  const int64_t step = corners ? (kOne * (in - 1) + (out - 1) / 2) / (out - 1) : (kOne * in + out / 2) / out;
  const int64_t at = rule.coordinate == "half_pixel" ? i * step + step / 2 - kOne / 2 : i * step;
  const int64_t low = std::clamp<int64_t>(at / kOne, 0, in - 1), high = std::clamp<int64_t>((at + kOne - 1) / kOne, 0, in - 1);
  std::map<int64_t, int32_t> taps;
  taps[low] += static_cast<int32_t>(kOne - (at - kOne * low));
  taps[high] += static_cast<int32_t>(at - kOne * low);
  return taps;
}

// Rounded so that they still sum to one unit: the largest takes what rounding lost.
std::map<int64_t, int32_t> rounded(const Taps& taps) {
  std::map<int64_t, int32_t> out;
  int32_t left = exec::kResizeOne;
  for (const auto& [k, weight] : taps) left -= out[k] = static_cast<int32_t>(std::lround(weight * exec::kResizeOne));
  const auto largest = std::max_element(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  largest->second += left;
  return out;
}

bool is_one_of(const std::string& value, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return value == name; });
}

}  // namespace

Result<ResizeRule> resize_rule(const Node& node) {
  ResizeRule rule;
  rule.mode = node.text("mode", "nearest");
  rule.coordinate = node.text("coordinate", "half_pixel");
  rule.nearest_mode = node.text("nearest_mode", "round_prefer_floor");
  rule.antialias = node.integer("antialias") != 0;
  rule.exclude_outside = node.integer("exclude_outside") != 0;
  rule.cubic_a = node.real("cubic_a", -0.75);
  if (!is_one_of(rule.mode, {"nearest", "linear", "cubic", "area"})) return unsupported("mode '" + rule.mode + "' wants nearest, linear, cubic or area");
  if (!is_one_of(rule.coordinate, {"half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners", "pytorch_half_pixel", "tf_half_pixel_for_nn", "crop"}))
    return unsupported("coordinate '" + rule.coordinate + "' wants half_pixel, half_pixel_symmetric, asymmetric, align_corners, pytorch_half_pixel, tf_half_pixel_for_nn or crop");
  if (const auto crop = node.attrs.find("crop"); crop != node.attrs.end())
    if (const auto* reals = std::get_if<std::vector<double>>(&crop->second)) rule.crop = *reals;
  if ((rule.coordinate == "crop") != !rule.crop.empty()) return invalid("coordinate 'crop' and the attribute crop want each other");
  if (!is_one_of(rule.nearest_mode, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
    return unsupported("nearest_mode '" + rule.nearest_mode + "' wants round_prefer_floor, round_prefer_ceil, floor or ceil");
  return rule;
}

ResizeRule ResizeRule::at(int axis) const {
  ResizeRule rule = *this;
  if (crop.empty()) return rule;
  rule.begin = crop[static_cast<size_t>(axis)];
  rule.end = crop[crop.size() / 2 + static_cast<size_t>(axis)];
  return rule;
}

ResizeTable<double> resize_table(const ResizeRule& rule, int64_t in, int64_t out, double scale) {
  std::vector<Taps> all;
  for (int64_t i = 0; i < out; ++i) all.push_back(within(rule, taps_of(rule, {in, out, scale}, i), in));
  return packed(all, in);
}

ResizeTable<int32_t> integer_resize_table(const ResizeRule& rule, int64_t in, int64_t out, double scale) {
  const bool as_tflite = rule.mode == "linear" && !rule.antialias && is_one_of(rule.coordinate, {"half_pixel", "asymmetric", "align_corners"});
  std::vector<std::map<int64_t, int32_t>> all;
  for (int64_t i = 0; i < out; ++i)
    all.push_back(as_tflite ? tflite_taps(rule, in, out, i) : rounded(within(rule, taps_of(rule, {in, out, scale}, i), in)));
  return packed(all, in);
}

}  // namespace verge::ops
