// Rewrites a network for the kernels: what changes no value but makes layers cheaper.
#pragma once
#include "codegen/family.h"
#include "codegen/network.h"

namespace verge::codegen {

// Pointwise convolutions become one row of pixels, columns of one pixel become rows, channels that are the same for every input lose their weights.
// Of layers `by_rows` the rows stay what they are.
void prepare(Family family, const std::vector<bool>& by_rows, Network& network);

}  // namespace verge::codegen
