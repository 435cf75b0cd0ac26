// The making side of a delta's differences: what an element moved by, and what a region of them costs.
#pragma once
#include <cmath>
#include <cstring>

#include "core/bytes.h"
#include "package/delta.h"

namespace verge {

// `from`, `to`: one element each.
inline int64_t moved_by(package::DeltaOp op, const uint8_t* from, const uint8_t* to) {
  using package::DeltaOp;
  if (package::is_narrow(op)) return static_cast<int8_t>(*to - *from);
  uint32_t old = 0, now = 0;
  std::memcpy(&old, from, static_cast<size_t>(package::delta_width(op)));
  std::memcpy(&now, to, static_cast<size_t>(package::delta_width(op)));
  if (op == DeltaOp::kHalves)
    return int64_t{package::ordered16(static_cast<uint16_t>(now))} - package::ordered16(static_cast<uint16_t>(old));
  if (op == DeltaOp::kWords) return static_cast<int32_t>(now - old);
  return int64_t{package::ordered32(now)} - package::ordered32(old);
}

// The differences of one step. now: [step.length] bytes of the new file
template <class Coder> void code_moves(Coder& coder, package::DeltaModels& m, const package::DeltaStep& step, ByteSpan base, ByteSpan now) {
  package::begin_differences(m, step.op);
  const auto width = static_cast<uint64_t>(package::delta_width(step.op));
  for (uint64_t i = 0; i < step.length; i += width)
    package::code_difference(coder, m, step.op, i, moved_by(step.op, base.data() + step.old_place + i, now.data() + i));
}

// Counts instead of writing.
class BitCounter {
 public:
  uint32_t bit(uint32_t one, uint32_t bit) {
    bits_ -= std::log2((bit ? one : 65536 - one) / 65536.0);
    return bit;
  }
  double bits() const { return bits_; }

 private:
  double bits_ = 0;
};

}  // namespace verge
