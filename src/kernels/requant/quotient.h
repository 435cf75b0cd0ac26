// Quotient16 by division, for the vector_*.h that have nothing faster; they include it at their end.
#pragma once

namespace verge {
namespace {

// x / y for a result that is then rounded to an integer of at most 17 bits and clamped: the same integer as by division.
class Quotient16 {
 public:
  explicit Quotient16(float y) : y_(splat16(y)) {}
  F32x16 operator()(const F32x16& x) const { return div16(x, y_); }

 private:
  F32x16 y_;
};

}  // namespace
}  // namespace verge
