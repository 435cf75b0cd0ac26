#include "codegen/stream.h"

#include <algorithm>

namespace verge::codegen {
namespace {

const Buffer& buffer_of(const Network& n, int i) { return n.buffers[static_cast<size_t>(i)]; }
const Layer& layer_of(const Network& n, int i) { return n.layers[static_cast<size_t>(i)]; }

struct Range {
  int low, high;
};

// Input rows that output row y of a layer reads; of an average, row y alone.
Range rows_read(const Layer& l, int y) {
  if (l.kind != Kind::kConv && l.kind != Kind::kDepthwise) return {y, y};
  const ConvGeometry& g = l.window;
  const int top = y * g.stride_h - g.pad_top;
  return {std::max(0, top), std::min(g.in_h - 1, top + (g.kernel_h - 1) * g.dilation_h)};
}

// Steps that a layer takes.
int step_count(const Network& n, const Layer& l) { return l.kind == Kind::kAverage ? l.window.in_h : rows_of(n, l.out).count; }

class Simulation {
 public:
  Simulation(const Network& network, int first, int last) : n_(network) {
    run_.first = first, run_.last = last;
    next_.assign(static_cast<size_t>(last - first), 0);
  }

  Run simulate() {
    for (int i = run_.first; i < run_.last; ++i)
      if (!goes_by_rows(layer_of(n_, i))) return Run{run_.first, run_.last, {}, {}, {}, {}};
    for (int i = run_.first; i < run_.last; ++i)
      if (!inside(layer_of(n_, i).out))
        while (next(i) < step_count(n_, layer_of(n_, i))) step(i);
    share_rows();
    return std::move(run_);
  }

 private:
  int& next(int layer) { return next_[static_cast<size_t>(layer - run_.first)]; }
  bool made_here(int buffer) const { return buffer_of(n_, buffer).first >= run_.first && buffer_of(n_, buffer).first < run_.last; }
  // Made by the run and read by nobody else.
  bool inside(int buffer) const { return made_here(buffer) && buffer_of(n_, buffer).last < run_.last; }
  int made(int buffer) { return made_here(buffer) ? next(buffer_of(n_, buffer).first) : rows_of(n_, buffer).count; }

  void step(int i) {
    const Layer& l = layer_of(n_, i);
    const int y = next(i);
    const Range read = rows_read(l, y);
    for (int in : l.in)
      while (made(in) <= read.high) step(buffer_of(n_, in).first);
    if (inside(l.out)) keep(l.out, y);
    hold(l);
    note(i, l, read);
    run_.steps.push_back({i, y});
    ++next(i);
  }

  // The ring of `buffer` holds row y beside every earlier one that is still to be read.
  void keep(int buffer, int y) {
    int oldest = y;
    for (int i = run_.first; i < run_.last; ++i) {
      const Layer& l = layer_of(n_, i);
      if (std::count(l.in.begin(), l.in.end(), buffer) == 0 || next(i) >= step_count(n_, l)) continue;
      oldest = std::min(oldest, rows_read(l, next(i)).low);
    }
    int& rows = run_.ring_rows[buffer];
    rows = std::max(rows, y - oldest + 1);
  }

  // Steps from that which makes a row to that which reads it last.
  void hold(const Layer& l) {
    const int now = static_cast<int>(run_.steps.size());
    if (inside(l.out)) held_[l.out].push_back({now, now});
    for (int in : l.in)
      if (inside(in)) held_[in].back().high = now;
  }

  bool apart(int a, int b) {
    for (const Range& x : held_[a])
      for (const Range& y : held_[b])
        if (x.low <= y.high && y.low <= x.high && !replaces(x, y) && !replaces(y, x)) return false;
    return true;
  }

  // The step that reads a row last writes the other one over it.
  bool replaces(const Range& read, const Range& made) const { return read.high == made.low && layer_of(n_, run_.steps[static_cast<size_t>(made.low)].layer).row_in_place; }

  void share_rows() {
    for (const auto& [buffer, rows] : run_.ring_rows) {
      if (rows != 1) continue;
      const auto fits = [&, b = buffer](const std::vector<int>& group) { return std::all_of(group.begin(), group.end(), [&](int other) { return apart(b, other); }); };
      const auto group = std::find_if(run_.shared.begin(), run_.shared.end(), fits);
      if (group == run_.shared.end()) {
        run_.shared.push_back({buffer});
      } else {
        group->push_back(buffer);
      }
    }
  }

  void note(int i, const Layer& l, Range read) {
    Run::Progress p;
    for (int in : l.in)
      if (!made_here(in)) p.reads[in] = read.low * rows_of(n_, in).bytes;
    written_ = i == run_.last - 1 ? (next(i) + 1) * rows_of(n_, l.out).bytes : written_;
    if (l.kind == Kind::kAverage) written_ = next(i) + 1 < step_count(n_, l) ? 0 : buffer_of(n_, l.out).bytes;
    p.written = written_;
    run_.progress.push_back(std::move(p));
  }

  const Network& n_;
  Run run_;
  std::vector<int> next_;
  std::map<int, std::vector<Range>> held_;  // of each row of a buffer
  int64_t written_ = 0;
};

// The least number of bytes by which the last layer's output may begin below `in`, row by row.
int64_t stream_distance(const Run& run, int in) {
  int64_t distance = 0, reads = INT64_MAX / 4;
  for (size_t i = run.progress.size(); i-- > 0;) {
    const auto it = run.progress[i].reads.find(in);
    if (it != run.progress[i].reads.end()) reads = std::min(reads, it->second);
    distance = std::max(distance, run.progress[i].written - reads);
  }
  return distance;
}

int64_t state_bytes(const Network& n, const Run& run) {
  int64_t sum = 0;
  for (int i = run.first; i < run.last; ++i)
    if (layer_of(n, i).kind == Kind::kAverage) sum += int64_t{4} * layer_of(n, i).window.in_c;
  return sum;
}

// What is alive while the run goes on.
int64_t peak_of(const Network& n, const Run& run, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared) {
  int64_t sum = run.streams() ? run.ring_bytes(n) + state_bytes(n, run) : 0, work = 0;
  for (int i = run.first; i < run.last; ++i) work = std::max(work, scratch[static_cast<size_t>(i)]);
  const int out = layer_of(n, run.last - 1).out;
  int64_t saved = run.streams() ? 0 : shared[static_cast<size_t>(run.first)];
  for (size_t b = 0; b < n.buffers.size(); ++b) {
    const Buffer& x = n.buffers[b];
    const bool before = x.first < run.first && x.last >= run.first, leaves = x.first >= run.first && x.first < run.last && x.last >= run.last;
    if (before || leaves) sum += x.bytes;
    if (!run.streams() || !before || x.last >= run.last) continue;
    const int64_t made = buffer_of(n, out).bytes;
    saved = std::max(saved, x.bytes + made - std::max(made, stream_distance(run, static_cast<int>(b)) + x.bytes));
  }
  return sum + work - saved;
}

}  // namespace

int64_t Run::ring_bytes(const Network& network) const {
  int64_t sum = 0;
  for (const auto& [buffer, rows] : ring_rows) sum += rows == 1 ? 0 : rows * rows_of(network, buffer).bytes;
  for (const std::vector<int>& group : shared) sum += group_bytes(network, group);
  return sum;
}

int64_t group_bytes(const Network& network, const std::vector<int>& group) {
  int64_t most = 0;
  for (int buffer : group) most = std::max(most, rows_of(network, buffer).bytes);
  return most;
}

Rows rows_of(const Network& network, int buffer) {
  const Buffer& b = buffer_of(network, buffer);
  if (b.shape.rank != 4) return {1, b.bytes};
  return {b.shape[1], b.bytes / std::max(1, b.shape[1])};
}

bool goes_by_rows(const Layer& l) { return l.kind == Kind::kConv || l.kind == Kind::kDepthwise || l.kind == Kind::kAdd || l.kind == Kind::kAverage; }

Run make_run(const Network& network, int first, int last) { return Simulation(network, first, last).simulate(); }

int64_t distance_below(const Run& run, int in) { return stream_distance(run, in); }
int64_t run_state_bytes(const Network& network, const Run& run) { return state_bytes(network, run); }

std::vector<Run> cut_into_runs(const Network& n, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared) {
  const int count = static_cast<int>(n.layers.size());
  struct Best {
    int64_t peak = INT64_MAX, sum = INT64_MAX;
    int from = 0;
  };
  std::vector<Best> best(static_cast<size_t>(count) + 1);
  best[0] = {0, 0, 0};
  for (int b = 1; b <= count; ++b)
    for (int a = b - 1; a >= 0 && b - a <= kLongestRun; --a) {
      const Run run = make_run(n, a, b);
      if (run.streams() && run.steps.empty()) break;
      const int64_t peak = peak_of(n, run, scratch, shared);
      const Best& before = best[static_cast<size_t>(a)];
      const Best here{std::max(before.peak, peak), before.sum + (run.streams() ? 1 : 0), a};
      Best& there = best[static_cast<size_t>(b)];
      if (here.peak < there.peak || (here.peak == there.peak && here.sum < there.sum)) there = here;
    }
  std::vector<Run> out;
  for (int b = count; b > 0; b = best[static_cast<size_t>(b)].from) out.push_back(make_run(n, best[static_cast<size_t>(b)].from, b));
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace verge::codegen
