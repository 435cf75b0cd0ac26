#include "ops/reshape/reshape.h"

namespace verge::ops {

Result<void> reference_reshape(ReferenceContext& c) {
  std::memcpy(c.out[0].data(), c.in[0].bytes().data(), c.in[0].bytes().size());
  return done();
}

}  // namespace verge::ops
