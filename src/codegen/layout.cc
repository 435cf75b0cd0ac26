#include "codegen/layout.h"

#include <algorithm>

namespace verge::codegen {
namespace {

constexpr int64_t kArenaAlign = 8;
// What kernels may load behind a buffer: words that begin at its last byte, vectors of an input that is read where it lies.
constexpr int64_t kWord = 4, kVector = 16;

int64_t overread_of(Family family, const Layer& l) {
  family = family_for(family, l);
  if (family == Family::kDsp && l.window.in_c % 4 != 0) return kWord;
  return family == Family::kMve && (l.kind == Kind::kDense || reads_in_place(family, l)) && l.window.in_c % 16 != 0 ? kVector : 0;
}

struct Pieces {
  std::vector<PlanBuffer> buffers;
  std::vector<Overlap> overlaps;
  int64_t add(int64_t bytes, int run) {
    if (bytes == 0) return -1;
    buffers.push_back({bytes, run, run});
    return static_cast<int64_t>(buffers.size()) - 1;
  }
};

std::vector<Run> whole_layers(const Network& network) {
  std::vector<Run> out(network.layers.size());
  for (size_t i = 0; i < out.size(); ++i) out[i].first = static_cast<int>(i), out[i].last = static_cast<int>(i) + 1;
  return out;
}

// How the output of layer i may lie within its inputs that die there.
std::vector<Overlap> overlaps_of(Family family, const Network& network, int i) {
  std::vector<Overlap> out;
  const Layer& l = network.layers[static_cast<size_t>(i)];
  for (size_t k = 0; k < l.in.size(); ++k) {
    auto overlap = overlap_of(family, l, k);
    if (!overlap || network.buffers[static_cast<size_t>(l.in[k])].last != i || std::count(l.in.begin(), l.in.end(), l.in[k]) > 1) continue;
    overlap->in = l.in[k], overlap->out = l.out;
    out.push_back(*overlap);
  }
  return out;
}

int64_t shared_bytes(Family family, const Network& network, int i) {
  int64_t most = 0;
  for (const Overlap& o : overlaps_of(family, network, i)) {
    const int64_t in = network.buffers[static_cast<size_t>(o.in)].bytes, out = network.buffers[static_cast<size_t>(o.out)].bytes;
    most = std::max(most, in + out - std::max(out, std::max<int64_t>(o.distance, 0) + in));
  }
  return most;
}

std::vector<Run> streaming_runs(Family family, const Network& network) {
  std::vector<int64_t> scratch, shared;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    scratch.push_back(scratch_bytes(family, network.layers[i]));
    shared.push_back(shared_bytes(family, network, static_cast<int>(i)));
  }
  return cut_into_runs(network, scratch, shared);
}

int run_at(const std::vector<Run>& runs, int layer) {
  for (size_t r = 0; r < runs.size(); ++r)
    if (layer < runs[r].last) return layer < 0 ? -1 : static_cast<int>(r);
  return static_cast<int>(runs.size());
}

void add_run_overlaps(Family family, const Network& network, const Run& run, Pieces& pieces) {
  if (!run.streams()) {
    for (const Overlap& o : overlaps_of(family, network, run.first)) pieces.overlaps.push_back(o);
    return;
  }
  const int out = network.layers[static_cast<size_t>(run.last) - 1].out;
  for (size_t b = 0; b < network.buffers.size(); ++b) {
    const Buffer& x = network.buffers[b];
    if (x.first < run.first && x.last >= run.first && x.last < run.last) pieces.overlaps.push_back({static_cast<int>(b), out, distance_below(run, static_cast<int>(b)), 1});
  }
}

}  // namespace

std::vector<Run> cut_runs(Family family, const Network& network, bool stream) { return stream ? streaming_runs(family, network) : whole_layers(network); }

Layout place(Family family, const Network& network, std::vector<Run> runs) {
  Layout out;
  out.runs = std::move(runs);
  Pieces pieces;
  for (size_t b = 0; b < network.buffers.size(); ++b) {
    const Buffer& x = network.buffers[b];
    const int made = run_at(out.runs, x.first);
    int64_t bytes = x.bytes;
    if (made >= 0 && made < static_cast<int>(out.runs.size()))
      if (const auto it = out.runs[static_cast<size_t>(made)].ring_rows.find(static_cast<int>(b)); it != out.runs[static_cast<size_t>(made)].ring_rows.end())
        bytes = it->second == 1 ? 0 : it->second * rows_of(network, static_cast<int>(b)).bytes;
    pieces.buffers.push_back({bytes, made, run_at(out.runs, x.last)});
  }
  int64_t overread = 0;
  out.scratch.assign(network.layers.size(), -1);
  std::map<int, int64_t> group_of;  // of a buffer: the piece that it shares
  for (size_t r = 0; r < out.runs.size(); ++r) {
    const Run& run = out.runs[r];
    int64_t scratch = 0;
    for (int i = run.first; i < run.last; ++i) {
      scratch = std::max(scratch, scratch_bytes(family, network.layers[static_cast<size_t>(i)]));
      overread = std::max(overread, overread_of(family, network.layers[static_cast<size_t>(i)]));
    }
    const int64_t piece = pieces.add(scratch, static_cast<int>(r));
    for (int i = run.first; i < run.last; ++i) out.scratch[static_cast<size_t>(i)] = piece;
    out.state.push_back(run.streams() ? pieces.add(run_state_bytes(network, run), static_cast<int>(r)) : -1);
    for (const std::vector<int>& group : run.shared) {
      const int64_t row = pieces.add(group_bytes(network, group), static_cast<int>(r));
      for (int buffer : group) group_of[buffer] = row;
    }
    add_run_overlaps(family, network, run, pieces);
  }
  const MemoryPlan plan = plan_memory(pieces.buffers, pieces.overlaps);
  out.buffers.assign(plan.offsets.begin(), plan.offsets.begin() + static_cast<int64_t>(network.buffers.size()));
  for (const auto& [buffer, piece] : group_of) out.buffers[static_cast<size_t>(buffer)] = plan.offsets[static_cast<size_t>(piece)];
  for (auto* places : {&out.scratch, &out.state})
    for (int64_t& s : *places)
      if (s >= 0) s = plan.offsets[static_cast<size_t>(s)];
  out.arena_bytes = (plan.bytes + overread + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
  out.lower_bound = plan.lower_bound;
  out.peak_layer = out.runs.empty() ? 0 : out.runs[static_cast<size_t>(std::clamp(plan.peak_step, 0, static_cast<int>(out.runs.size()) - 1))].first;
  return out;
}

int64_t live_bytes(const Network& network, const Layout& layout, int i) {
  const Run& run = layout.runs[static_cast<size_t>(run_at(layout.runs, i))];
  int64_t sum = 0;
  for (size_t b = 0; b < network.buffers.size(); ++b) {
    const Buffer& x = network.buffers[b];
    if (x.first >= run.last || x.last < run.first) continue;
    const auto ring = run.ring_rows.find(static_cast<int>(b));
    sum += ring == run.ring_rows.end() ? x.bytes : ring->second * rows_of(network, static_cast<int>(b)).bytes;
  }
  return sum;
}

}  // namespace verge::codegen
