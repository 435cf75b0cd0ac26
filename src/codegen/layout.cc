#include "codegen/layout.h"

#include <algorithm>

namespace verge::codegen {
namespace {

constexpr int64_t kArenaAlign = 8;
// What kernels may load behind a buffer: words that begin at its last byte, vectors of a dense layer's input.
constexpr int64_t kWord = 4, kVector = 16;

int64_t overread_of(Family family, const Layer& l) {
  if (family == Family::kDsp && l.window.in_c % 4 != 0) return kWord;
  return family == Family::kMve && l.kind == Kind::kDense && l.window.in_c % 16 != 0 ? kVector : 0;
}

}  // namespace

Layout place(Family family, const Network& network) {
  std::vector<PlanBuffer> buffers;
  std::vector<Overlap> overlaps;
  Layout out;
  for (const Buffer& b : network.buffers) buffers.push_back({b.bytes, b.first, b.last});
  int64_t overread = 0;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& l = network.layers[i];
    const int step = static_cast<int>(i);
    overread = std::max(overread, overread_of(family, l));
    out.scratch.push_back(-1);
    if (const int64_t n = scratch_bytes(family, l)) {
      out.scratch.back() = static_cast<int64_t>(buffers.size());
      buffers.push_back({n, step, step});
    }
    for (size_t k = 0; k < l.in.size(); ++k) {
      auto overlap = overlap_of(family, l, k);
      if (!overlap || network.buffers[static_cast<size_t>(l.in[k])].last != step || std::count(l.in.begin(), l.in.end(), l.in[k]) > 1) continue;
      overlap->in = l.in[k], overlap->out = l.out;
      overlaps.push_back(*overlap);
    }
  }
  const MemoryPlan plan = plan_memory(buffers, overlaps);
  out.buffers.assign(plan.offsets.begin(), plan.offsets.begin() + static_cast<int64_t>(network.buffers.size()));
  for (int64_t& s : out.scratch)
    if (s >= 0) s = plan.offsets[static_cast<size_t>(s)];
  out.arena_bytes = (plan.bytes + overread + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
  out.lower_bound = plan.lower_bound;
  out.peak_layer = std::max(0, plan.peak_step);
  return out;
}

int64_t live_bytes(const Network& network, const Layout&, int i) {
  int64_t sum = 0;
  for (const Buffer& b : network.buffers)
    if (b.first <= i && i <= b.last) sum += b.bytes;
  return sum;
}

}  // namespace verge::codegen
