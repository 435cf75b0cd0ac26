// Where buffers and scratch memory lie in the arena.
#pragma once
#include "codegen/family.h"
#include "codegen/network.h"
#include "codegen/stream.h"

namespace verge::codegen {

struct Layout {
  std::vector<Run> runs;                     // in order; a run of one layer makes it whole
  std::vector<int64_t> buffers;              // offsets; of those that are never whole, 0
  std::map<int, std::vector<int64_t>> rows;  // offsets of theirs, multiples of 4
  std::vector<int64_t> scratch;              // of each run; -1: none
  std::vector<int64_t> state;                // of each run; -1: none
  int64_t arena_bytes = 0, lower_bound = 0;
  int peak_layer = 0;
};

// Every layer whole, or with `stream` rows through runs of layers where that saves memory.
std::vector<Run> cut_runs(Family family, const Network& network, bool stream);
Layout place(Family family, const Network& network, std::vector<Run> runs);
// Bytes of the arena that are in use while layer i runs.
int64_t live_bytes(const Network& network, const Layout& layout, int i);

}  // namespace verge::codegen
