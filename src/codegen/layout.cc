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
  return family == Family::kMve && (l.kind == Kind::kDense || l.lanes || reads_in_place(family, l)) && l.window.in_c % 16 != 0 ? kVector : 0;
}

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

// Everything that wants memory, and the steps of all runs in one row.
class Pieces {
 public:
  Pieces(Family family, const Network& network, Layout& layout) : family_(family), n_(network), layout_(layout) {
    for (const Run& run : layout.runs) {
      start_.push_back(start_.empty() ? 0 : end_.back() + 1);
      end_.push_back(start_.back() + std::max(0, static_cast<int>(run.steps.size()) - 1));
    }
    start_.push_back(start_.empty() ? 0 : end_.back() + 1), end_.push_back(start_.back());
  }

  void place() {
    for (size_t b = 0; b < n_.buffers.size(); ++b) buffer(static_cast<int>(b));
    for (size_t r = 0; r < layout_.runs.size(); ++r) run(r);
    const MemoryPlan plan = plan_memory(pieces_, overlaps_);
    for (const auto& [piece, offset] : wanted_) *offset = plan.offsets[piece];
    layout_.arena_bytes = (plan.bytes + overread_ + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
    layout_.lower_bound = plan.lower_bound;
    const auto peak = std::find_if(end_.begin(), end_.end(), [&](int end) { return plan.peak_step <= end; });
    const auto last = static_cast<std::ptrdiff_t>(layout_.runs.size()) - 1;
    layout_.peak_layer = layout_.runs.empty() ? 0 : layout_.runs[static_cast<size_t>(std::clamp<std::ptrdiff_t>(peak - end_.begin(), 0, last))].first;
  }

 private:
  size_t add(PlanBuffer piece, int64_t* offset) {
    pieces_.push_back(std::move(piece));
    wanted_.emplace_back(pieces_.size() - 1, offset);
    return pieces_.size() - 1;
  }

  void buffer(int b) {
    const Buffer& x = n_.buffers[static_cast<size_t>(b)];
    const int made = run_at(layout_.runs, x.first), read = run_at(layout_.runs, x.last);
    if (const Run* run = made < 0 ? first_run() : at(made); run && run->rows_only.count(b))
      return rows(b, *run, start_[static_cast<size_t>(std::max(made, 0))]);
    const int first = made < 0 ? -1 : start_[static_cast<size_t>(made)], last = read < 0 ? -1 : end_[static_cast<size_t>(read)];
    whole_[b] = add({x.bytes, first, last, parts_of(b, made, read)}, &layout_.buffers[static_cast<size_t>(b)]);
  }

  const Run* at(int run) const { return run < static_cast<int>(layout_.runs.size()) ? &layout_.runs[static_cast<size_t>(run)] : nullptr; }
  const Run* first_run() const { return n_.lines ? at(0) : nullptr; }

  // Rows that come or go one by one; nothing when they do neither.
  std::vector<PlanPart> parts_of(int b, int made, int read) const {
    const Rows rows = rows_of(n_, b);
    const Run* const maker = made < 0 ? nullptr : at(made);
    const Run* const reader = read < 0 ? nullptr : at(read);
    const bool comes = maker && maker->lives.count(b), goes = reader && reader->lives.count(b);
    std::vector<PlanPart> out;
    for (int y = 0; (comes || goes) && y < rows.count; ++y) {
      const auto row = static_cast<size_t>(y);
      const int first = made < 0 ? -1 : start_[static_cast<size_t>(made)] + (comes ? maker->lives.at(b)[row].first : 0);
      out.push_back({y * rows.bytes, (y + 1) * rows.bytes, first,
                     goes ? start_[static_cast<size_t>(read)] + reader->lives.at(b)[row].last : end_[static_cast<size_t>(read)]});
    }
    return out;
  }

  void rows(int b, const Run& run, int start) {
    std::vector<int64_t>& places = layout_.rows[b];
    places.resize(run.lives.at(b).size());
    for (size_t y = 0; y < places.size(); ++y) {
      const Life life = run.lives.at(b)[y];
      row_[{b, static_cast<int>(y)}] = add({rows_of(n_, b).bytes, start + life.first, start + life.last, {}}, &places[y]);
    }
  }

  void run(size_t r) {
    const Run& run = layout_.runs[r];
    int64_t scratch = 0;
    for (int i = run.first; i < run.last; ++i) {
      scratch = std::max(scratch, scratch_bytes(family_, n_.layers[static_cast<size_t>(i)]));
      overread_ = std::max(overread_, overread_of(family_, n_.layers[static_cast<size_t>(i)]));
    }
    if (scratch) add({scratch, start_[r], end_[r], {}}, &layout_.scratch[r]);
    if (const int64_t state = run_state_bytes(n_, run)) add({state, start_[r], end_[r], {}}, &layout_.state[r]);
    if (!run.streams()) return whole_overlaps(run.first);
    for (size_t s = 0; s < run.steps.size(); ++s) row_overlaps(run, s);
  }

  void whole_overlaps(int layer) {
    for (Overlap o : overlaps_of(family_, n_, layer)) {
      if (!whole_.count(o.in) || !whole_.count(o.out)) continue;
      o.in = static_cast<int>(whole_.at(o.in)), o.out = static_cast<int>(whole_.at(o.out));
      overlaps_.push_back(o);
    }
  }

  void row_overlaps(const Run& run, size_t s) {
    if (run.steps[s].layer == kFeed) return;
    const Layer& l = n_.layers[static_cast<size_t>(run.steps[s].layer)];
    const auto out = row_.find({l.out, run.steps[s].row});
    if (l.row_distance < 0 || out == row_.end()) return;
    for (int in : l.in) {
      if (!dies(n_, run, s, in) || std::count(l.in.begin(), l.in.end(), in) > 1) continue;
      const auto& lives = run.lives.at(in);
      const auto row = std::find_if(lives.begin(), lives.end(), [&](const Life& life) { return life.last == static_cast<int>(s); });
      overlaps_.push_back({static_cast<int>(row_.at({in, static_cast<int>(row - lives.begin())})), static_cast<int>(out->second), l.row_distance, 1});
    }
  }

  Family family_;
  const Network& n_;
  Layout& layout_;
  std::vector<int> start_, end_;  // of each run
  std::vector<PlanBuffer> pieces_;
  std::vector<Overlap> overlaps_;
  std::vector<std::pair<size_t, int64_t*>> wanted_;  // where the offsets of pieces go
  std::map<int, size_t> whole_;                      // pieces of buffers
  std::map<std::pair<int, int>, size_t> row_;        // pieces of their rows
  int64_t overread_ = 0;
};

}  // namespace

std::vector<Run> cut_runs(Family family, const Network& network, bool stream) { return stream ? streaming_runs(family, network) : whole_layers(network); }

Layout place(Family family, const Network& network, std::vector<Run> runs) {
  Layout out;
  out.runs = std::move(runs);
  out.buffers.assign(network.buffers.size(), 0);
  out.scratch.assign(out.runs.size(), -1);
  out.state.assign(out.runs.size(), -1);
  Pieces(family, network, out).place();
  return out;
}

int64_t live_bytes(const Network& network, const Layout& layout, int i) {
  const Run& run = layout.runs[static_cast<size_t>(run_at(layout.runs, i))];
  int64_t sum = most_bytes(network, run);
  for (size_t b = 0; b < network.buffers.size(); ++b) {
    const Buffer& x = network.buffers[b];
    if (!run.lives.count(static_cast<int>(b)) && x.first < run.last && x.last >= run.first) sum += x.bytes;
  }
  return sum;
}

}  // namespace verge::codegen
