#include "lower/arena_plan.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace verge {
namespace {

constexpr uint64_t kAlign = 64;
uint64_t aligned(uint64_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }
bool overlap(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

// Places tensors one by one in `order`, each at the lowest offset that is free during its life.
ArenaPlan first_fit(std::span<const Lifetime> lives, const std::vector<size_t>& order) {
  ArenaPlan plan;
  plan.offsets.assign(lives.size(), 0);
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    uint64_t at = 0;
    for (size_t other : placed) {
      if (!overlap(lives[i], lives[other])) continue;
      if (plan.offsets[other] >= at + aligned(lives[i].bytes)) break;
      at = std::max(at, plan.offsets[other] + aligned(lives[other].bytes));
    }
    plan.offsets[i] = at;
    plan.bytes = std::max(plan.bytes, at + aligned(lives[i].bytes));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i, [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; }), i);
  }
  return plan;
}

void find_lower_bound(std::span<const Lifetime> lives, ArenaPlan& plan) {
  std::map<int64_t, int64_t> change;
  for (const Lifetime& l : lives) {
    change[l.first] += static_cast<int64_t>(aligned(l.bytes));
    change[l.last + 1] -= static_cast<int64_t>(aligned(l.bytes));
  }
  int64_t live = 0;
  for (const auto& [instruction, delta] : change) {
    live += delta;
    if (live > static_cast<int64_t>(plan.lower_bound)) {
      plan.lower_bound = static_cast<uint64_t>(live);
      plan.peak_instruction = instruction;
    }
  }
}

}  // namespace

ArenaPlan plan_arena(std::span<const Lifetime> lives) {
  using Less = std::function<bool(const Lifetime&, const Lifetime&)>;
  const auto span = [](const Lifetime& l) { return static_cast<uint64_t>(l.last - l.first + 1); };
  const Less orders[] = {
      [](const Lifetime& a, const Lifetime& b) { return a.bytes > b.bytes; },
      [&](const Lifetime& a, const Lifetime& b) { return a.bytes * span(a) > b.bytes * span(b); },
      [&](const Lifetime& a, const Lifetime& b) { return span(a) != span(b) ? span(a) > span(b) : a.bytes > b.bytes; },
      [](const Lifetime& a, const Lifetime& b) { return a.first != b.first ? a.first < b.first : a.bytes > b.bytes; },
      [](const Lifetime& a, const Lifetime& b) { return a.last != b.last ? a.last > b.last : a.bytes > b.bytes; },
  };
  ArenaPlan best;
  bool found = false;
  for (const Less& less : orders) {
    std::vector<size_t> order(lives.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return less(lives[a], lives[b]); });
    ArenaPlan plan = first_fit(lives, order);
    if (!found || plan.bytes < best.bytes) best = std::move(plan);
    found = true;
  }
  find_lower_bound(lives, best);
  return best;
}

}  // namespace verge
