// Inputs one behind the other along an axis; any whole-byte type.
#pragma once
#include <cstdint>

namespace verge::exec {

struct ConcatAttrs {
  int32_t axis = 0;
};
inline constexpr int kMostConcat = 255;  // inputs of one instruction

}  // namespace verge::exec
