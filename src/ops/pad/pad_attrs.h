// x with a border; negative amounts cut. Any whole-byte type.
#pragma once
#include <cstdint>

#include "base/shape.h"

namespace verge::exec {

enum class PadMode : uint32_t { kConstant, kReflect, kEdge, kWrap, kCount };

struct PadAttrs {
  uint32_t mode = 0;
  int32_t before[kMaxRank] = {};
  uint8_t value[8] = {};  // one element
};

}  // namespace verge::exec
