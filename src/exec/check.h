// Words that the operators' check() functions share.
#pragma once
#include "rt/op_table.h"

namespace verge::exec {

// Exactly one output, and inputs from `required` (all present) to `most` (may be absent).
inline bool has_arity(const rt::Instruction& in, int required, int most) {
  if (in.out_count != 1 || in.in_count < required || in.in_count > most) return false;
  for (int i = 0; i < required; ++i)
    if (!in.has(i)) return false;
  return true;
}

inline bool holds(const TensorView& tensor, DataType dtype, uint64_t elements) {
  return tensor.dtype == dtype && static_cast<uint64_t>(tensor.shape.count()) >= elements;
}

// The same for bytes that check() itself reads: a constant, whose data is at hand.
inline bool is_constant(const TensorView& tensor, DataType dtype, uint64_t elements) { return tensor.data && holds(tensor, dtype, elements); }

// What an i8 or u8 may hold.
struct ByteRange {
  int32_t min, max;
  bool holds(int32_t value) const { return value >= min && value <= max; }
};
inline ByteRange byte_range(DataType dtype) { return dtype == DataType::kU8 ? ByteRange{0, 255} : ByteRange{-128, 127}; }

inline bool is_byte(DataType dtype) { return dtype == DataType::kI8 || dtype == DataType::kU8; }

}  // namespace verge::exec
