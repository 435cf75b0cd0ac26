#include "codegen/memory_plan.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace verge::codegen {
namespace {

constexpr int64_t kAlign = 4;
constexpr int kShuffles = 4000;
constexpr size_t kMany = 60;       // buffers, with which shuffles become fewer
constexpr int64_t kLongSpan = 64;  // steps: longer than rows are in use

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
bool alive_together(const PlanPart& a, const PlanPart& b) { return a.first <= b.last && b.first <= a.last; }

// What one buffer is to another that is in use at the same time: it begins `above` bytes behind the other's beginning or more, or ends so that it begins `below`
// bytes before it or more; else they meet.
struct Neighbour {
  size_t other;
  int64_t above, below;
  const Overlap* overlap;
  bool parted;
};

class Planner {
 public:
  Planner(std::span<const PlanBuffer> buffers, std::span<const Overlap> overlaps) : buffers_(buffers), overlaps_(overlaps.begin(), overlaps.end()) {
    for (Overlap& o : overlaps_) o.unit = std::lcm(o.unit, kAlign), o.distance = round_up(o.distance, o.unit), overlap_of_[{o.in, o.out}] = &o;
    for (const PlanBuffer& b : buffers) parts_.push_back(b.parts.empty() ? std::vector<PlanPart>{{0, round_up(b.bytes, kAlign), b.first, b.last}} : b.parts);
    neighbours_.resize(buffers.size());
    for (size_t i = 0; i < buffers.size(); ++i)
      for (size_t j = 0; j < buffers.size(); ++j)
        if (i != j) meet(i, j);
  }

  MemoryPlan place(const std::vector<size_t>& order, int64_t best) const {
    MemoryPlan plan;
    plan.offsets.assign(buffers_.size(), -1);
    for (size_t i : order) {
      plan.offsets[i] = lowest(i, plan.offsets);
      plan.bytes = std::max(plan.bytes, plan.offsets[i] + round_up(buffers_[i].bytes, kAlign));
      if (plan.bytes >= best) break;
    }
    return plan;
  }

  // Bytes that are in use at each step, an output over its input counted once.
  std::map<int, int64_t> needed() const {
    std::map<int, int64_t> change;
    for (const auto& parts : parts_)
      for (const PlanPart& p : parts) change[p.first] += p.end - p.begin, change[p.last + 1] -= p.end - p.begin;
    std::map<int, int64_t> saved;  // at most one input of a step's output is counted as shared
    for (const Overlap& o : overlaps_) {
      const int64_t in = size(o.in), out = size(o.out);
      int64_t& most = saved[buffers_[static_cast<size_t>(o.out)].first];
      most = std::max(most, in + out - std::max(out, std::max<int64_t>(o.distance, 0) + in));
    }
    std::map<int, int64_t> out;
    int64_t sum = 0;
    for (const auto& [step, by] : change) {
      sum += by;
      const auto s = saved.find(step);
      out[step] = sum - (s == saved.end() ? 0 : s->second);
    }
    return out;
  }

 private:
  int64_t size(int i) const { return round_up(buffers_[static_cast<size_t>(i)].bytes, kAlign); }

  void meet(size_t i, size_t j) {
    if (buffers_[i].first > buffers_[j].last || buffers_[j].first > buffers_[i].last) return;
    Neighbour n{j, INT64_MIN / 4, INT64_MIN / 4, overlap(i, j), parts_[i].size() > 1 || parts_[j].size() > 1};
    for (const PlanPart& a : parts_[i])
      for (const PlanPart& b : parts_[j])
        if (alive_together(a, b))
          n.above = std::max(n.above, round_up(b.end - a.begin, kAlign)), n.below = std::max(n.below, round_up(a.end - b.begin, kAlign));
    if (n.above > INT64_MIN / 4) neighbours_[i].push_back(n);
  }

  const Overlap* overlap(size_t a, size_t b) const {
    for (const auto& key : {std::pair(static_cast<int>(a), static_cast<int>(b)), std::pair(static_cast<int>(b), static_cast<int>(a))})
      if (const auto it = overlap_of_.find(key); it != overlap_of_.end()) return it->second;
    return nullptr;
  }

  bool parts_apart(size_t a, int64_t at, size_t b, int64_t other) const {
    for (const PlanPart& p : parts_[a])
      for (const PlanPart& q : parts_[b])
        if (at + p.begin < other + q.end && other + q.begin < at + p.end && alive_together(p, q)) return false;
    return true;
  }

  bool agree(size_t i, int64_t at, const Neighbour& n, int64_t other) const {
    if (at >= other + n.above || at + n.below <= other) return true;
    if (n.overlap) {
      const int64_t difference = static_cast<size_t>(n.overlap->in) == i ? at - other : other - at;
      if (difference >= n.overlap->distance && difference % n.overlap->unit == 0) return true;
    }
    return n.parted && parts_apart(i, at, n.other, other);
  }

  int64_t lowest(size_t i, const std::vector<int64_t>& offsets) const {
    std::vector<int64_t> candidates = {0};
    for (const Neighbour& n : neighbours_[i]) {
      const int64_t other = offsets[n.other];
      if (other < 0) continue;
      candidates.push_back(other + n.above);
      if (n.parted) candidates.push_back(other - n.below);
      if (!n.overlap) continue;
      const int64_t distance = std::max<int64_t>(n.overlap->distance, 0);
      if (static_cast<size_t>(n.overlap->in) == i) {
        candidates.push_back(other + distance);
      } else {
        candidates.push_back((other - distance) % n.overlap->unit);  // the lowest that may overlap
        if (other >= n.overlap->distance) candidates.push_back(other - n.overlap->distance);
      }
    }
    std::sort(candidates.begin(), candidates.end());
    const auto fits = [&](int64_t at) {
      return at >= 0 && std::all_of(neighbours_[i].begin(), neighbours_[i].end(),
                                    [&](const Neighbour& n) { return offsets[n.other] < 0 || agree(i, at, n, offsets[n.other]); });
    };
    const auto it = std::find_if(candidates.begin(), candidates.end(), fits);
    return it == candidates.end() ? candidates.back() : *it;  // not reached: behind everything is free
  }

  std::span<const PlanBuffer> buffers_;
  std::vector<Overlap> overlaps_;
  std::map<std::pair<int, int>, const Overlap*> overlap_of_;
  std::vector<std::vector<PlanPart>> parts_;
  std::vector<std::vector<Neighbour>> neighbours_;
};

using Order = std::vector<size_t>;

std::vector<Order> first_orders(std::span<const PlanBuffer> buffers) {
  const auto span = [&](size_t i) { return int64_t{buffers[i].last} - buffers[i].first + 1; };
  const std::function<bool(size_t, size_t)> rules[] = {
      [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; },
      [&](size_t a, size_t b) { return buffers[a].bytes * span(a) > buffers[b].bytes * span(b); },
      [&](size_t a, size_t b) { return buffers[a].first < buffers[b].first; },
      [&](size_t a, size_t b) { return buffers[a].last > buffers[b].last; },
      [&](size_t a, size_t b) {
        return span(a) != span(b) && std::max(span(a), span(b)) > kLongSpan ? span(a) > span(b) : buffers[a].first < buffers[b].first;
      },
  };
  std::vector<Order> out;
  for (const auto& rule : rules) {
    Order order(buffers.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), rule);
    out.push_back(std::move(order));
  }
  return out;
}

}  // namespace

MemoryPlan plan_memory(std::span<const PlanBuffer> buffers, std::span<const Overlap> overlaps) {
  const Planner planner(buffers, overlaps);
  MemoryPlan best;
  best.bytes = INT64_MAX;
  Order best_order;
  const auto consider = [&](const Order& order) {
    MemoryPlan plan = planner.place(order, best.bytes);
    if (plan.bytes >= best.bytes) return;
    best = std::move(plan);
    best_order = order;
  };
  for (const Order& order : first_orders(buffers)) consider(order);
  int64_t bound = 0;
  int peak = 0;
  for (const auto& [step, n] : planner.needed())
    if (n > bound) bound = n, peak = step;
  uint32_t random = 1;
  const int shuffles = static_cast<int>(kShuffles * kMany / std::max(kMany, buffers.size()));
  for (int i = 0; i < shuffles && best.bytes > bound && buffers.size() > 1; ++i) {
    Order order = best_order;
    for (int swaps = 1 + i % 4; swaps > 0; --swaps) {
      random = random * 1664525u + 1013904223u;
      const size_t from = (random >> 8) % order.size();
      random = random * 1664525u + 1013904223u;
      const size_t to = (random >> 8) % order.size(), moved = order[from];
      order.erase(order.begin() + static_cast<int64_t>(from));
      order.insert(order.begin() + static_cast<int64_t>(to), moved);
    }
    consider(order);
  }
  best.lower_bound = bound;
  best.peak_step = peak;
  if (buffers.empty()) best.bytes = 0;
  return best;
}

}  // namespace verge::codegen
