#include "ops/host/host_ops.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

using Outputs = Result<std::vector<HostValue>>;

Tensor longs(const std::vector<int64_t>& values) { return Tensor::of<int64_t>({static_cast<int32_t>(values.size())}, values); }

Outputs one(HostValue value) { return std::vector<HostValue>{std::move(value)}; }

Result<Tensor> tensor_at(const HostCall& c, size_t i) {
  if (!c.input(i).is_tensor()) return invalid("input " + std::to_string(i) + " is no tensor");
  return c.input(i).tensor;
}

Result<std::vector<Tensor>> sequence_at(const HostCall& c, size_t i) {
  if (c.input(i).kind != HostValue::Kind::kSequence) return invalid("input " + std::to_string(i) + " is no sequence");
  return c.input(i).items;
}

// --- results whose size depends on data

Outputs non_zero(const HostCall& c) {
  VERGE_TRY(const Tensor x, tensor_at(c, 0));
  const int rank = std::max<int>(x.shape().rank, 1);
  std::vector<std::vector<int64_t>> found(static_cast<size_t>(rank));
  for (int64_t i = 0; i < x.count(); ++i) {
    if (x.at(i) == 0) continue;
    const Coordinates at = x.shape().rank == 0 ? Coordinates{0} : coordinates_of(x.shape(), i);
    for (size_t d = 0; d < found.size(); ++d) found[d].push_back(at[d]);
  }
  std::vector<int64_t> all;
  for (const auto& row : found) all.insert(all.end(), row.begin(), row.end());
  return one(Tensor::of<int64_t>({rank, static_cast<int32_t>(found[0].size())}, all));
}

Result<Tensor> picked(const Tensor& x, int axis, const std::vector<int64_t>& which) {
  std::vector<Tensor> parts;
  for (int64_t i : which) parts.push_back(slab(x, axis, i, 1));
  return parts.empty() ? Result<Tensor>(slab(x, axis, 0, 0)) : joined(parts, axis);
}

Tensor flat(const Tensor& x) { return x.reshaped({static_cast<int32_t>(x.count())}); }

// Without axis the input is seen as one line.
struct Lines {
  Tensor x;
  int axis = 0;
};
Result<Lines> lines_of(const HostCall& c) {
  VERGE_TRY(const Tensor x, tensor_at(c, 0));
  if (!c.has("axis")) return Lines{flat(x), 0};
  VERGE_TRY(const int axis, axis_of(c.integer("axis", 0), x.shape().rank));
  return Lines{x, axis};
}

Outputs compress(const HostCall& c) {
  VERGE_TRY(const Lines l, lines_of(c));
  VERGE_TRY(const Tensor condition, tensor_at(c, 1));
  std::vector<int64_t> which;
  for (int64_t i = 0; i < std::min<int64_t>(condition.count(), l.x.shape()[l.axis]); ++i)
    if (condition.at(i) != 0) which.push_back(i);
  VERGE_TRY(Tensor y, picked(l.x, l.axis, which));
  return one(std::move(y));
}

// Distinct slices along the axis: sorted, or in order of first appearance.
Outputs unique(const HostCall& c) {
  VERGE_TRY(const Lines l, lines_of(c));
  const int64_t n = l.x.shape()[l.axis];
  std::map<std::vector<double>, size_t> known;
  std::vector<int64_t> first, inverse, counts;
  for (int64_t i = 0; i < n; ++i) {
    const auto [it, is_new] = known.emplace(slab(l.x, l.axis, i, 1).to_doubles(), first.size());
    if (is_new) first.push_back(i), counts.push_back(0);
    ++counts[it->second];
    inverse.push_back(static_cast<int64_t>(it->second));
  }
  std::vector<size_t> order(first.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (c.integer("sorted", 1)) {
    order.clear();
    for (const auto& [values, index] : known) order.push_back(index);
  }
  std::vector<int64_t> indices, sorted_counts, place(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    indices.push_back(first[order[i]]);
    sorted_counts.push_back(counts[order[i]]);
    place[order[i]] = static_cast<int64_t>(i);
  }
  for (int64_t& i : inverse) i = place[static_cast<size_t>(i)];
  VERGE_TRY(Tensor y, picked(l.x, l.axis, indices));
  return std::vector<HostValue>{std::move(y), longs(indices), longs(inverse), longs(sorted_counts)};
}

// --- boxes

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

Box box_at(const Tensor& boxes, int64_t i, bool centre) {
  const double a = boxes.at(i * 4), b = boxes.at(i * 4 + 1), c = boxes.at(i * 4 + 2), d = boxes.at(i * 4 + 3);
  if (centre) return {b - d / 2, a - c / 2, b + d / 2, a + c / 2};
  return {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d)};
}

double overlap(const Box& a, const Box& b) {
  const double h = std::min(a.bottom, b.bottom) - std::max(a.top, b.top), w = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (h <= 0 || w <= 0) return 0;
  const double both = a.area() + b.area() - h * w;
  return both > 0 ? h * w / both : 0;
}

struct Suppression {
  int64_t most;
  double overlap, score;
  bool has_score, centre;
};

// Indices of the boxes of one picture that stay for one class, best first.
std::vector<int64_t> kept_boxes(const Tensor& boxes, const Tensor& scores, const Suppression& s) {
  std::vector<int64_t> order, kept;
  for (int64_t i = 0; i < scores.count(); ++i)
    if (s.has_score ? scores.at(i) > s.score : !std::isnan(scores.at(i))) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return scores.at(a) > scores.at(b); });
  for (int64_t i : order) {
    if (static_cast<int64_t>(kept.size()) >= s.most) break;
    const Box box = box_at(boxes, i, s.centre);
    if (std::none_of(kept.begin(), kept.end(), [&](int64_t k) { return overlap(box, box_at(boxes, k, s.centre)) > s.overlap; })) kept.push_back(i);
  }
  return kept;
}

Result<double> number_at(const HostCall& c, size_t i, double otherwise) {
  if (!c.input(i).is_tensor()) return otherwise;
  if (c.input(i).tensor.count() != 1) return invalid("input " + std::to_string(i) + " is no single number");
  return c.input(i).tensor.at(0);
}

// boxes [pictures, n, 4], scores [pictures, classes, n] -> [selected, 3]: picture, class, box
Outputs non_max_suppression(const HostCall& c) {
  VERGE_TRY(const Tensor boxes, tensor_at(c, 0));
  VERGE_TRY(const Tensor scores, tensor_at(c, 1));
  if (boxes.shape().rank != 3 || scores.shape().rank != 3 || boxes.shape()[2] != 4 || boxes.shape()[0] != scores.shape()[0] || boxes.shape()[1] != scores.shape()[2])
    return invalid("boxes are " + TensorType(boxes.dtype(), boxes.shape()).text() + ", scores " + TensorType(scores.dtype(), scores.shape()).text());
  VERGE_TRY(const double most, number_at(c, 2, 0));
  VERGE_TRY(const double most_overlap, number_at(c, 3, 0));
  VERGE_TRY(const double score, number_at(c, 4, 0));
  const Suppression s{static_cast<int64_t>(most), most_overlap, score, c.input(4).is_tensor(), c.integer("center_point_box", 0) != 0};
  std::vector<int64_t> out;
  for (int64_t picture = 0; picture < scores.shape()[0]; ++picture)
    for (int64_t k = 0; k < scores.shape()[1]; ++k)
      for (int64_t i : kept_boxes(element(boxes, 0, picture), element(element(scores, 0, picture), 0, k), s)) out.insert(out.end(), {picture, k, i});
  return one(Tensor::of<int64_t>({static_cast<int32_t>(out.size() / 3), 3}, out));
}

// --- sequences and optionals

Result<int64_t> position(const HostCall& c, size_t i, int64_t size, int64_t otherwise) {
  VERGE_TRY(const double given, number_at(c, i, static_cast<double>(otherwise)));
  const int64_t at = static_cast<int64_t>(given) < 0 ? static_cast<int64_t>(given) + size : static_cast<int64_t>(given);
  if (at < 0 || at > size) return invalid("position " + std::to_string(static_cast<int64_t>(given)) + " of a sequence of " + std::to_string(size));
  return at;
}

Outputs sequence_empty(const HostCall&) { return one(HostValue::sequence({})); }

Outputs sequence_construct(const HostCall& c) {
  std::vector<Tensor> items;
  for (size_t i = 0; i < c.in.size(); ++i) {
    VERGE_TRY(Tensor t, tensor_at(c, i));
    items.push_back(std::move(t));
  }
  return one(HostValue::sequence(std::move(items)));
}

Outputs sequence_insert(const HostCall& c) {
  VERGE_TRY(std::vector<Tensor> items, sequence_at(c, 0));
  VERGE_TRY(Tensor t, tensor_at(c, 1));
  VERGE_TRY(const int64_t at, position(c, 2, static_cast<int64_t>(items.size()), static_cast<int64_t>(items.size())));
  items.insert(items.begin() + at, std::move(t));
  return one(HostValue::sequence(std::move(items)));
}

Outputs sequence_erase(const HostCall& c) {
  VERGE_TRY(std::vector<Tensor> items, sequence_at(c, 0));
  VERGE_TRY(const int64_t at, position(c, 1, static_cast<int64_t>(items.size()), static_cast<int64_t>(items.size()) - 1));
  if (at == static_cast<int64_t>(items.size())) return invalid("there is no element " + std::to_string(at) + " to erase");
  items.erase(items.begin() + at);
  return one(HostValue::sequence(std::move(items)));
}

Outputs sequence_element(const HostCall& c) {
  VERGE_TRY(const std::vector<Tensor> items, sequence_at(c, 0));
  VERGE_TRY(const int64_t at, position(c, 1, static_cast<int64_t>(items.size()), 0));
  if (at == static_cast<int64_t>(items.size())) return invalid("there is no element " + std::to_string(at) + " in a sequence of " + std::to_string(items.size()));
  return one(items[static_cast<size_t>(at)]);
}

Outputs sequence_length(const HostCall& c) {
  VERGE_TRY(const std::vector<Tensor> items, sequence_at(c, 0));
  return one(Tensor::scalar(static_cast<int64_t>(items.size())));
}

// Sizes along the axis: of one element each without split, of equal size but the last for a number, or as listed.
Result<std::vector<int64_t>> split_sizes(const HostCall& c, int64_t size) {
  std::vector<int64_t> out;
  if (c.input(1).is_tensor() && c.input(1).tensor.shape().rank == 1) {
    out = c.input(1).tensor.to_ints();
  } else {
    VERGE_TRY(const double each, number_at(c, 1, 1));
    if (each < 1) return invalid("a split of " + std::to_string(each));
    for (int64_t at = 0; at < size; at += static_cast<int64_t>(each)) out.push_back(std::min(static_cast<int64_t>(each), size - at));
  }
  int64_t left = size;
  for (int64_t n : out)
    if (n < 0 || (left -= n) < 0) return invalid("its split has parts of other size than the dimension of " + std::to_string(size));
  return left == 0 ? Result<std::vector<int64_t>>(out) : invalid("its split leaves " + std::to_string(left) + " elements");
}

Outputs split_to_sequence(const HostCall& c) {
  VERGE_TRY(const Tensor x, tensor_at(c, 0));
  VERGE_TRY(const int axis, axis_of(c.integer("axis", 0), x.shape().rank));
  VERGE_TRY(const std::vector<int64_t> sizes, split_sizes(c, x.shape()[axis]));
  const bool drop = !c.input(1).is_tensor() && c.integer("keepdims", 1) == 0;
  std::vector<Tensor> items;
  int64_t at = 0;
  for (int64_t n : sizes) {
    items.push_back(drop ? element(x, axis, at) : slab(x, axis, at, n));
    at += n;
  }
  return one(HostValue::sequence(std::move(items)));
}

Outputs concat_from_sequence(const HostCall& c) {
  VERGE_TRY(const std::vector<Tensor> items, sequence_at(c, 0));
  if (items.empty()) return invalid("an empty sequence cannot be joined");
  const bool makes_axis = c.integer("new_axis", 0) != 0;
  VERGE_TRY(const int axis, axis_of(c.integer("axis", 0), items[0].shape().rank + makes_axis));
  VERGE_TRY(Tensor y, makes_axis ? stacked(items, axis) : joined(items, axis));
  return one(std::move(y));
}

Outputs identity(const HostCall& c) { return one(c.input(0)); }

Outputs get_element(const HostCall& c) {
  if (c.input(0).kind == HostValue::Kind::kAbsent) return invalid("the optional is empty");
  return one(c.input(0));
}

Outputs has_element(const HostCall& c) { return one(Tensor::scalar(c.input(0).kind != HostValue::Kind::kAbsent)); }

const std::map<std::string, HostRule>& rules() {
  static const std::map<std::string, HostRule> kRules = {{"NonZero", non_zero},
                                                     {"Compress", compress},
                                                     {"Unique", unique},
                                                     {"NonMaxSuppression", non_max_suppression},
                                                     {"SequenceEmpty", sequence_empty},
                                                     {"SequenceConstruct", sequence_construct},
                                                     {"SequenceInsert", sequence_insert},
                                                     {"SequenceErase", sequence_erase},
                                                     {"SequenceAt", sequence_element},
                                                     {"SequenceLength", sequence_length},
                                                     {"SplitToSequence", split_to_sequence},
                                                     {"ConcatFromSequence", concat_from_sequence},
                                                     {"Identity", identity},
                                                     {"Optional", identity},
                                                     {"OptionalGetElement", get_element},
                                                     {"OptionalHasElement", has_element}};
  return kRules;
}

}  // namespace

const HostValue& HostCall::input(size_t i) const {
  static const HostValue kAbsent;
  return i < in.size() ? in[i] : kAbsent;
}

int64_t HostCall::integer(const std::string& name, int64_t otherwise) const {
  const auto it = attrs.find(name);
  const auto* value = it == attrs.end() ? nullptr : std::get_if<int64_t>(&it->second);
  return value ? *value : otherwise;
}

std::string HostCall::text(const std::string& name, const std::string& otherwise) const {
  const auto it = attrs.find(name);
  const auto* value = it == attrs.end() ? nullptr : std::get_if<std::string>(&it->second);
  return value ? *value : otherwise;
}

bool is_host_op(const std::string& op) { return op != "Identity" && op != "Equal" && (rules().count(op) || text_rule(op)); }

Result<std::vector<HostValue>> run_host_op(const HostCall& call) {
  if (const HostRule rule = text_rule(call.op)) return rule(call);
  const auto rule = rules().find(call.op);
  if (rule == rules().end()) return unsupported("the host has no operator " + call.op);
  return rule->second(call);
}

}  // namespace verge::ops
