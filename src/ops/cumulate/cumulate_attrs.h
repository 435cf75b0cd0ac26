// y[i] along an axis = the sum or product of x[0 .. i]: f32 or integers, which wrap.
#pragma once
#include <cstdint>

namespace verge::exec {

struct CumulateAttrs {
  int32_t axis = 0;
  uint32_t product = 0;    // 1: products
  uint32_t exclusive = 0;  // 1: without x[i] itself
  uint32_t reverse = 0;    // 1: from the end
};

}  // namespace verge::exec
