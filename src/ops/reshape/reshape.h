// y = x under another shape of equal count.
//
//   shape   [r]: a size; 0 copies the input's dimension at this place; -1 (at most once) takes what remains
//
// Costs nothing: lowering aliases the memory.
#pragma once
#include "ops/op.h"

namespace verge::ops {

Result<void> reference_reshape(ReferenceContext& context);

}  // namespace verge::ops
