// What the operators' check() functions ask of an instruction. Model::open has bounded every tensor's size, so counts fit int64.
#pragma once
#include <cmath>
#include <limits>

#include "rt/op_table.h"

namespace verge::exec {

// Exactly these inputs, all present, and these outputs.
inline bool arity(const rt::Instruction& in, int inputs, int outputs) {
  if (in.in_count != inputs || in.out_count != outputs) return false;
  for (int i = 0; i < inputs; ++i)
    if (!in.has(i)) return false;
  return true;
}

// Exactly one output, and inputs from `required` (all present) to `most` (may be absent).
inline bool has_arity(const rt::Instruction& in, int required, int most) {
  if (in.out_count != 1 || in.in_count < required || in.in_count > most) return false;
  for (int i = 0; i < required; ++i)
    if (!in.has(i)) return false;
  return true;
}

inline bool holds(const TensorView& t, DataType dtype, uint64_t elements) { return t.dtype == dtype && static_cast<uint64_t>(t.shape.count()) >= elements; }

// The same for bytes that check() itself reads: a constant, whose data is at hand.
inline bool is_constant(const TensorView& t, DataType dtype, uint64_t elements) { return t.data && holds(t, dtype, elements); }

inline bool is_byte(DataType dtype) { return dtype == DataType::kI8 || dtype == DataType::kU8; }

// Bytes of one element; 0 for types that pack several in a byte.
inline size_t element_bytes(DataType dtype) { return dtype_bits(dtype) / 8; }

inline bool same_type(const TensorView& a, const TensorView& b) { return a.dtype == b.dtype && a.shape == b.shape; }

inline bool is_type(const TensorView& t, DataType dtype) { return t.dtype == dtype; }

// Smallest and largest value of an integer type of at most 32 bits; {0, 0} for others.
struct IntegerRange {
  int32_t min = 0, max = 0;
  bool holds(int32_t value) const { return value >= min && value <= max; }
};
inline IntegerRange integer_range(DataType dtype) {
  switch (dtype) {
    case DataType::kI8: return {-128, 127};
    case DataType::kU8: return {0, 255};
    case DataType::kI16: return {-32768, 32767};
    case DataType::kU16: return {0, 65535};
    case DataType::kI32: return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    default: return {};
  }
}

// Usable quantisation: positive finite scales, zero points within the type. Also true for several entries along an axis.
inline bool quantized(const TensorView& t) {
  const IntegerRange range = integer_range(t.dtype);
  if (t.quant.count < 1 || range.min == range.max) return false;
  for (int32_t i = 0; i < t.quant.count; ++i) {
    if (!(t.quant.scale[i] > 0) || t.quant.scale[i] > std::numeric_limits<float>::max()) return false;
    if (t.quant.zero_point[i] < range.min || t.quant.zero_point[i] > range.max) return false;
  }
  return true;
}
inline bool quantized_as_one(const TensorView& t) { return t.quant.count == 1 && quantized(t); }

// Whether multiply_by_quantized_multiplier takes it for every input (base/requant.h).
inline bool usable_multiplier(int32_t multiplier, int32_t shift) { return multiplier >= 0 && shift >= -31 && shift <= 30; }

}  // namespace verge::exec
