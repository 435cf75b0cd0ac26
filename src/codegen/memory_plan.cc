#include "codegen/memory_plan.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace verge::codegen {
namespace {

constexpr int64_t kAlign = 4;
constexpr int kShuffles = 4000;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
bool alive_together(const PlanBuffer& a, const PlanBuffer& b) { return a.first <= b.last && b.first <= a.last; }

class Planner {
 public:
  Planner(std::span<const PlanBuffer> buffers, std::span<const Overlap> overlaps) : buffers_(buffers), overlaps_(overlaps.begin(), overlaps.end()) {
    for (Overlap& o : overlaps_) o.unit = std::lcm(o.unit, kAlign), o.distance = round_up(o.distance, o.unit);
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

  // Bytes that are in use at `step`, an output over its input counted once.
  int64_t needed(int step) const {
    int64_t sum = 0;
    for (const PlanBuffer& b : buffers_)
      if (b.first <= step && step <= b.last) sum += round_up(b.bytes, kAlign);
    int64_t saved = 0;  // at most one input of the step's output is counted as shared
    for (const Overlap& o : overlaps_) {
      if (buffers_[static_cast<size_t>(o.out)].first != step) continue;
      const int64_t in = round_up(buffers_[static_cast<size_t>(o.in)].bytes, kAlign), out = round_up(buffers_[static_cast<size_t>(o.out)].bytes, kAlign);
      saved = std::max(saved, in + out - std::max(out, std::max<int64_t>(o.distance, 0) + in));
    }
    return sum - saved;
  }

 private:
  const Overlap* overlap(size_t a, size_t b) const {
    for (const Overlap& o : overlaps_) {
      const auto in = static_cast<size_t>(o.in), out = static_cast<size_t>(o.out);
      if ((in == a && out == b) || (in == b && out == a)) return &o;
    }
    return nullptr;
  }

  bool agree(size_t a, int64_t at, size_t b, int64_t other) const {
    if (at + buffers_[a].bytes <= other || other + buffers_[b].bytes <= at || !alive_together(buffers_[a], buffers_[b])) return true;
    const Overlap* o = overlap(a, b);
    if (!o) return false;
    const int64_t difference = static_cast<size_t>(o->in) == a ? at - other : other - at;
    return difference >= o->distance && difference % o->unit == 0;
  }

  int64_t lowest(size_t i, const std::vector<int64_t>& offsets) const {
    std::vector<int64_t> candidates = {0};
    for (size_t j = 0; j < offsets.size(); ++j) {
      if (offsets[j] < 0 || !alive_together(buffers_[i], buffers_[j])) continue;
      candidates.push_back(round_up(offsets[j] + buffers_[j].bytes, kAlign));
      if (const Overlap* o = overlap(i, j)) {
        if (static_cast<size_t>(o->in) == i) {
          candidates.push_back(offsets[j] + std::max<int64_t>(o->distance, 0));
        } else {
          candidates.push_back((offsets[j] - std::max<int64_t>(o->distance, 0)) % o->unit);  // the lowest that may overlap
          if (offsets[j] >= o->distance) candidates.push_back(offsets[j] - o->distance);
        }
      }
    }
    std::sort(candidates.begin(), candidates.end());
    for (int64_t at : candidates) {
      bool fits = at >= 0;
      for (size_t j = 0; fits && j < offsets.size(); ++j) fits = offsets[j] < 0 || agree(i, at, j, offsets[j]);
      if (fits) return at;
    }
    return candidates.back();  // not reached: behind everything is free
  }

  std::span<const PlanBuffer> buffers_;
  std::vector<Overlap> overlaps_;
};

using Order = std::vector<size_t>;

std::vector<Order> first_orders(std::span<const PlanBuffer> buffers) {
  const auto span = [&](size_t i) { return int64_t{buffers[i].last} - buffers[i].first + 1; };
  const std::function<bool(size_t, size_t)> rules[] = {
      [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; },
      [&](size_t a, size_t b) { return buffers[a].bytes * span(a) > buffers[b].bytes * span(b); },
      [&](size_t a, size_t b) { return buffers[a].first < buffers[b].first; },
      [&](size_t a, size_t b) { return buffers[a].last > buffers[b].last; },
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
  for (const PlanBuffer& b : buffers)
    for (int step : {b.first, b.last})
      if (const int64_t n = planner.needed(step); n > bound) bound = n, peak = step;
  uint32_t random = 1;
  for (int i = 0; i < kShuffles && best.bytes > bound && buffers.size() > 1; ++i) {
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
