// cross_entropy_f32   in: logits, target [n, c]; out: loss (one number), its gradient with respect to the logits [n, c]
#pragma once
#include <cstdint>

namespace verge::exec {

struct CrossEntropyAttrs {
  int32_t reserved = 0;
};

}  // namespace verge::exec
