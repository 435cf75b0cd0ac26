// x repeated: tiled where a dimension of y is a multiple of x's, so size 1 is stretched. y may have more dimensions, in front. Any whole-byte type.
#pragma once

namespace verge::exec {

struct ExpandAttrs {
  int reserved = 0;
};

}  // namespace verge::exec
