// Functions of two tensors on the device, with numpy's broadcasting. Codes are part of the Program format: append only.
#pragma once
#include "kernels/elementwise/binary_f32.h"

namespace verge::exec {

// z = clamp(f(x, y)), f32; the code is the kernel list's order.
struct BinaryF32Attrs {
  uint32_t function = 0;
  float clamp_min = 0, clamp_max = 0;
};

// z = clamp(f(x, y)), f64; the same codes.
struct BinaryF64Attrs {
  uint32_t function = 0;
  uint32_t reserved = 0;
  double clamp_min = 0, clamp_max = 0;
};

// z = f(x, y) on integers and bool of one type, in int64, stored with wrap-around. A division by zero gives 0.
enum class BinaryInt : uint32_t {
  kAdd,
  kSub,
  kMul,
  kDiv,       // toward zero
  kFloorDiv,
  kFmod,      // the sign of x
  kFloorMod,  // the sign of y
  kPow,
  kMinimum,
  kMaximum,
  kSquaredDifference,
  kAnd,
  kOr,
  kXor,
  kShiftLeft,
  kShiftRight,
  kCount,
};
struct BinaryIntAttrs {
  uint32_t function = 0;
};

// z = x ? y, bool; x and y of one type, f32 or integers.
enum class Comparison : uint32_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kCount };
struct CompareAttrs {
  uint32_t comparison = 0;
};

// z = f(x, y) on quantised i8, u8 or i16 of one element type, kernels/binary_i8/binary_i8.h; zero points and scales stand with the tensors. The code is
// a BinaryI8Op, the mode a RequantMode.
inline constexpr uint32_t kBinaryI8Functions = 6;
struct BinaryI8Attrs {
  uint32_t function = 0;
  uint32_t mode = 0;
  int32_t x_multiplier = 0, x_shift = 0;
  int32_t y_multiplier = 0, y_shift = 0;
  int32_t z_multiplier = 0, z_shift = 0;
  int32_t min = -128, max = 127;
};

}  // namespace verge::exec
