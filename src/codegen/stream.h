// Layers whose rows are made one by one, so that between them no tensor is ever whole: mode small.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "codegen/network.h"

namespace verge::codegen {

inline constexpr int kFeed = -1;  // of Step::layer: the caller's, who hands over the next row of the network's input

// One step of a run: the next output row of a layer; of an average the next input row.
struct Step {
  int layer;
  int row;
};

// Steps of a run between which a row is in use.
struct Life {
  int first, last;
};

// Layers [first, last) as one run.
struct Run {
  int first = 0, last = 0;
  std::vector<Step> steps;                 // empty: one layer that makes its output whole
  std::map<int, std::vector<Life>> lives;  // by buffer that a step touches, of each row
  std::set<int> rows_only;                 // buffers of which only the rows in use exist
  bool streams() const { return !steps.empty(); }
};

// Rows of a buffer as its layers see them, and bytes of one.
struct Rows {
  int count = 1;
  int64_t bytes = 0;
};
Rows rows_of(const Network& network, int buffer);

// Whether a layer makes its output row by row.
bool goes_by_rows(const Layer& layer);

// Whether layers [first, last) can be one run.
bool can_run(const Network& network, int first, int last);
// Simulates them, driven by the rows of what leaves the run. Wants can_run().
Run make_run(const Network& network, int first, int last);

// Whether a step reads a row of `in`, which no step reads any more: the only row that a layer with a row_distance reads.
bool dies(const Network& network, const Run& run, size_t step, int in);

// The most bytes of a buffer that are in use at a time while the run goes on.
int64_t held_bytes(const Network& network, const Run& run, int buffer);
// The most bytes of buffers that the run touches, and whose memory is not also used by others.
int64_t most_bytes(const Network& network, const Run& run);
// Sums that averages keep while their rows come.
int64_t run_state_bytes(const Network& network, const Run& run);

inline constexpr int kLongestRun = 40;

// The cut of all layers into runs whose peak is the least, and of these the one that makes least by rows; nothing when no cut feeds the input by rows. Of each layer alone: its scratch bytes, and the bytes that its output shares with an input.
std::vector<Run> cut_into_runs(const Network& network, const std::vector<int64_t>& scratch, const std::vector<int64_t>& shared);

}  // namespace verge::codegen
