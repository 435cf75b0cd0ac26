// Where buffers and scratch memory lie in the arena.
#pragma once
#include "codegen/family.h"
#include "codegen/network.h"

namespace verge::codegen {

struct Layout {
  std::vector<int64_t> buffers;  // offsets
  std::vector<int64_t> scratch;  // of each layer; -1: none
  int64_t arena_bytes = 0, lower_bound = 0;
  int peak_layer = 0;
};

Layout place(Family family, const Network& network);
// Bytes of the arena that are in use while layer i runs.
int64_t live_bytes(const Network& network, const Layout& layout, int i);

}  // namespace verge::codegen
