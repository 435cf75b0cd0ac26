// Which bytes of a new package come from where in the old one: the plan that delta_make.cc writes down.
#pragma once
#include <vector>

#include "core/bytes.h"
#include "package/delta.h"

namespace verge {

struct DeltaPlan {
  std::vector<package::DeltaStep> steps;  // in the order of writing; without kEnd
  uint64_t tensors = 0, tensors_moved = 0;
};

// Sections are matched by kind, constants of a program by name and size, other bytes by their content. Hashes of later sections are
// placed as operations.
DeltaPlan plan_delta(ByteSpan base, ByteSpan next);

}  // namespace verge
