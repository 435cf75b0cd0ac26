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

bool is_fed(const Network& n, int buffer) { return n.lines && buffer_of(n, buffer).first < 0; }

class Simulation {
 public:
  Simulation(const Network& network, int first, int last) : n_(network) {
    run_.first = first, run_.last = last;
    next_.assign(static_cast<size_t>(last - first) + 1, 0);
  }

  Run simulate() {
    for (int i = run_.first; i < run_.last; ++i)
      if (!rows_only(layer_of(n_, i).out))
        while (next(i) < step_count(n_, layer_of(n_, i))) step(i);
    for (size_t b = 0; b < n_.buffers.size(); ++b)
      while (made_here(static_cast<int>(b)) && is_fed(n_, static_cast<int>(b)) && next(kFeed) < rows_of(n_, static_cast<int>(b)).count)
        feed(static_cast<int>(b));
    stay();
    return std::move(run_);
  }

 private:
  int& next(int layer) { return next_[static_cast<size_t>(layer == kFeed ? run_.last - run_.first : layer - run_.first)]; }
  bool made_here(int buffer) const {
    const int maker = buffer_of(n_, buffer).first;
    return maker < 0 ? is_fed(n_, buffer) && run_.first == 0 : maker >= run_.first && maker < run_.last;
  }
  // Made by the run and read by nobody else.
  bool rows_only(int buffer) const { return made_here(buffer) && buffer_of(n_, buffer).last < run_.last; }
  int made(int buffer) {
    if (!made_here(buffer)) return rows_of(n_, buffer).count;
    const int maker = buffer_of(n_, buffer).first;
    return maker >= 0 && layer_of(n_, maker).kind == Kind::kAverage ? next(maker) == layer_of(n_, maker).window.in_h : next(std::max(maker, kFeed));
  }
  int now() const { return static_cast<int>(run_.steps.size()); }

  void feed(int buffer) {
    lives(buffer)[static_cast<size_t>(next(kFeed))] = {now(), now()};
    run_.steps.push_back({kFeed, next(kFeed)++});
  }

  void make(int buffer) {
    if (is_fed(n_, buffer)) return feed(buffer);
    step(buffer_of(n_, buffer).first);
  }

  void step(int i) {
    const Layer& l = layer_of(n_, i);
    const int y = next(i);
    const Range read = rows_read(l, y);
    for (int in : l.in)
      while (made(in) <= read.high) make(in);
    for (int in : l.in)
      for (int row = read.low; row <= read.high; ++row) lives(in)[static_cast<size_t>(row)].last = now();
    const bool average = l.kind == Kind::kAverage;
    if (!average || y + 1 == l.window.in_h) lives(l.out)[static_cast<size_t>(average ? 0 : y)] = {now(), now()};
    run_.steps.push_back({i, y});
    ++next(i);
  }

  std::vector<Life>& lives(int buffer) {
    std::vector<Life>& out = run_.lives[buffer];
    out.resize(static_cast<size_t>(rows_of(n_, buffer).count), Life{0, 0});
    return out;
  }

  // What others read stays to the end.
  void stay() {
    for (auto& [buffer, lives] : run_.lives) {
      if (rows_only(buffer)) run_.rows_only.insert(buffer);
      if (buffer_of(n_, buffer).last < run_.last) continue;
      for (Life& life : lives) life.last = now() - 1;
    }
  }

  const Network& n_;
  Run run_;
  std::vector<int> next_;  // of each layer, and of the caller
};

// At each step, bytes that an output row takes over from an input row that dies.
std::vector<int64_t> taken_over(const Network& n, const Run& run) {
  std::vector<int64_t> out(run.steps.size(), 0);
  for (size_t s = 0; s < run.steps.size(); ++s) {
    if (run.steps[s].layer == kFeed) continue;
    const Layer& l = layer_of(n, run.steps[s].layer);
    if (l.row_distance < 0 || !run.rows_only.count(l.out)) continue;
    for (int in : l.in) {
      if (!dies(n, run, s, in)) continue;
      const int64_t read = rows_of(n, in).bytes, made = rows_of(n, l.out).bytes;
      out[s] = std::max(out[s], read + made - std::max(made, l.row_distance + read));
    }
  }
  return out;
}

// What is alive while the run goes on.
int64_t peak_of(const Network& n, const Run& run, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared) {
  int64_t sum = 0, work = 0;
  for (int i = run.first; i < run.last; ++i) work = std::max(work, scratch[static_cast<size_t>(i)]);
  for (size_t b = 0; b < n.buffers.size(); ++b) {
    const Buffer& x = n.buffers[b];
    if (!run.lives.count(static_cast<int>(b)) && x.first < run.last && x.last >= run.first) sum += x.bytes;
  }
  if (!run.streams()) return sum + work - shared[static_cast<size_t>(run.first)];
  return sum + work + run_state_bytes(n, run) + most_bytes(n, run);
}

}  // namespace

int64_t held_bytes(const Network& network, const Run& run, int buffer) {
  const auto it = run.lives.find(buffer);
  if (it == run.lives.end()) return buffer_of(network, buffer).bytes;
  int most = 0;
  for (const Life& a : it->second)
    most = std::max(
        most, static_cast<int>(std::count_if(it->second.begin(), it->second.end(), [&](const Life& b) { return b.first <= a.first && a.first <= b.last; })));
  return most * rows_of(network, buffer).bytes;
}

int64_t most_bytes(const Network& network, const Run& run) {
  std::vector<int64_t> change(run.steps.size() + 1, 0);
  for (const auto& [buffer, lives] : run.lives)
    for (const Life& life : lives)
      change[static_cast<size_t>(life.first)] += rows_of(network, buffer).bytes, change[static_cast<size_t>(life.last) + 1] -= rows_of(network, buffer).bytes;
  const std::vector<int64_t> saved = taken_over(network, run);
  int64_t sum = 0, most = 0;
  for (size_t s = 0; s < run.steps.size(); ++s) sum += change[s], most = std::max(most, sum - saved[s]);
  return most;
}

int64_t run_state_bytes(const Network& network, const Run& run) {
  int64_t sum = 0;
  for (int i = run.first; run.streams() && i < run.last; ++i)
    if (layer_of(network, i).kind == Kind::kAverage) sum += int64_t{4} * layer_of(network, i).window.in_c;
  return sum;
}

Rows rows_of(const Network& network, int buffer) {
  const Buffer& b = buffer_of(network, buffer);
  if (b.shape.rank != 4) return {1, b.bytes};
  return {b.shape[1], b.bytes / std::max(1, b.shape[1])};
}

bool goes_by_rows(const Layer& l) { return l.kind == Kind::kConv || l.kind == Kind::kDepthwise || l.kind == Kind::kAdd || l.kind == Kind::kAverage; }

bool can_run(const Network& n, int first, int last) {
  const bool fed = n.lines && first == 0;
  if (fed && std::any_of(n.inputs.begin(), n.inputs.end(), [&](int in) { return buffer_of(n, in).last >= last; })) return false;
  if (last - first == 1 && !fed) return true;
  for (int i = first; i < last; ++i)
    if (!goes_by_rows(layer_of(n, i))) return false;
  return true;
}

bool dies(const Network& n, const Run& run, size_t step, int in) {
  const int row = rows_read(layer_of(n, run.steps[step].layer), run.steps[step].row).low;
  return run.rows_only.count(in) && run.lives.at(in)[static_cast<size_t>(row)].last == static_cast<int>(step);
}

Run make_run(const Network& network, int first, int last) {
  if (last - first > 1 || (network.lines && first == 0)) return Simulation(network, first, last).simulate();
  Run whole;
  whole.first = first, whole.last = last;
  return whole;
}

namespace {

// What a run costs: its peak, and how much of the work goes row by row.
struct Cost {
  int64_t peak = INT64_MAX, by_rows = 0;
};

class Cutter {
 public:
  Cutter(const Network& network, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared)
      : n_(network), count_(static_cast<int>(network.layers.size())) {
    for (int b = 1; b <= count_; ++b)
      for (int a = b - 1; a >= 0 && b - a <= kLongestRun; --a) {
        if (!can_run(n_, a, b)) continue;
        const Run run = make_run(n_, a, b);
        costs_[{a, b}] = {peak_of(n_, run, scratch, shared), run.streams() ? work(a, b) : 0};
      }
  }

  // First the least peak, then the least work by rows of the cuts that keep it.
  std::vector<Run> cut() const {
    const auto lower_peak = [](const Cost& x, const Cost& y) { return x.peak < y.peak; };
    const auto less_by_rows = [](const Cost& x, const Cost& y) { return x.by_rows < y.by_rows; };
    const std::vector<Best> first = best(INT64_MAX - 1, lower_peak);
    if (first.back().from < 0) return {};
    const std::vector<Best> last = best(first.back().cost.peak, less_by_rows);
    std::vector<Run> out;
    for (int b = count_; b > 0; b = last[static_cast<size_t>(b)].from) out.push_back(make_run(n_, last[static_cast<size_t>(b)].from, b));
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  struct Best {
    Cost cost;
    int from = -1;
  };

  int64_t work(int first, int last) const {
    int64_t sum = 0;
    for (int i = first; i < last; ++i) sum += layer_of(n_, i).macs + layer_of(n_, i).elements;
    return sum;
  }

  // Of the layers before each one, by cuts none of whose runs has a higher peak.
  template <typename Less> std::vector<Best> best(int64_t highest, const Less& less) const {
    std::vector<Best> out(static_cast<size_t>(count_) + 1);
    out[0] = {{0, 0}, 0};
    for (int b = 1; b <= count_; ++b)
      for (int a = b - 1; a >= 0; --a) {
        const auto cost = costs_.find({a, b});
        const Best& before = out[static_cast<size_t>(a)];
        if (cost == costs_.end() || before.from < 0 || cost->second.peak > highest) continue;
        const Best here{{std::max(before.cost.peak, cost->second.peak), before.cost.by_rows + cost->second.by_rows}, a};
        Best& there = out[static_cast<size_t>(b)];
        if (there.from < 0 || less(here.cost, there.cost)) there = here;
      }
    return out;
  }

  const Network& n_;
  int count_;
  std::map<std::pair<int, int>, Cost> costs_;  // of runs
};

}  // namespace

std::vector<Run> cut_into_runs(const Network& network, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared) {
  return Cutter(network, scratch, shared).cut();
}

}  // namespace verge::codegen
