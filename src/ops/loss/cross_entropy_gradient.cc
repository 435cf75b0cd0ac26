#include "ops/gradient.h"

namespace verge::ops {

void cross_entropy_gradient(GradientContext& c) {
  if (c.wants(1)) c.fail(unsupported("the gradient of a cross-entropy with respect to its target"));
  c.give(0, c.mul(c.out(1), c.dy()));
}

}  // namespace verge::ops
