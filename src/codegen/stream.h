// Layers whose rows are made one by one, so that between them no tensor is ever whole: mode small.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "codegen/network.h"

namespace verge::codegen {

// One step of a run: the next output row of a layer; of an average the next input row.
struct Step {
  int layer;
  int row;
};

// Layers [first, last) as one run. Tensors that only layers of the run touch are rings of a few rows.
struct Run {
  int first = 0, last = 0;
  std::vector<Step> steps;
  std::map<int, int> ring_rows;  // by buffer
  std::vector<std::vector<int>> shared;  // rings of one row no two of which hold one at the same time
  // For each step the first byte of each buffer from outside that is still to be read, and the end of what has been written of the last layer's output.
  struct Progress {
    std::map<int, int64_t> reads;
    int64_t written = 0;
  };
  std::vector<Progress> progress;
  int64_t ring_bytes(const Network& network) const;
  bool streams() const { return last - first > 1; }
};

// Rows of a buffer as its layers see them, and bytes of one.
struct Rows {
  int count = 1;
  int64_t bytes = 0;
};
Rows rows_of(const Network& network, int buffer);

// Of a group of Run::shared.
int64_t group_bytes(const Network& network, const std::vector<int>& group);

// Whether a layer makes its output row by row.
bool goes_by_rows(const Layer& layer);

// Simulates layers [first, last), driven by the rows of the last one's output. Empty `steps` when they cannot be one run.
Run make_run(const Network& network, int first, int last);

// The least number of bytes by which the run's output may begin below `in`, a buffer from outside.
int64_t distance_below(const Run& run, int in);
// Sums that averages keep while their rows come.
int64_t run_state_bytes(const Network& network, const Run& run);

inline constexpr int kLongestRun = 40;

// The cut of all layers into runs whose peak is the least. Of each layer alone: its scratch bytes, and the bytes that its output shares with an input.
std::vector<Run> cut_into_runs(const Network& network, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared);

}  // namespace verge::codegen
