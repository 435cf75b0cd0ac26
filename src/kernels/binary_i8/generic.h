// The loop of binary_i8.h over 16 values. Include after one of requant/vector_*.h.
#pragma once
#include "kernels/binary_i8/binary_i8.h"

namespace verge {
namespace {

// A rule maps a = x - zx, b = y - zy to what is stored.
template <BinaryI8Op op, int left_shift> class BinaryTflm16 {
 public:
  explicit BinaryTflm16(const BinaryI8& p)
      : x_(p.x), y_(p.y), z_(p.z), x_halved_(halves(p.x)), y_halved_(halves(p.y)), clamp_(p.min, p.max, p.z_zero_point) {}

  I32x16 operator()(const I32x16& a, const I32x16& b) const { return clamp_(value(a, b)); }

 private:
  I32x16 value(const I32x16& a, const I32x16& b) const {
    if constexpr (op == BinaryI8Op::kMul) return z_(mul16(a, b));
    if constexpr (op == BinaryI8Op::kPrelu) return where_negative16(a, y_(mul16(a, b)), x_(a));
    const I32x16 x = scaled(x_, x_halved_, a), y = scaled(y_, y_halved_, b);
    return z_(op == BinaryI8Op::kAdd ? add16(x, y) : sub16(x, y));
  }
  // The operand of the larger scale is multiplied by a half, which is exact.
  static bool halves(const Multiplier& m) { return m.multiplier == 1 << 30 && m.shift == 0; }
  static I32x16 scaled(const Multiplier16& m, bool halved, const I32x16& a) { return halved ? shift_left16<left_shift - 1>(a) : m(shift_left16<left_shift>(a)); }

  Multiplier16 x_, y_, z_;
  bool x_halved_, y_halved_;
  Clamp16 clamp_;
};

template <BinaryI8Op op> class BinaryOnnx16 {
 public:
  explicit BinaryOnnx16(const BinaryI8& p) : x_(splat16(p.x_scale)), y_(splat16(p.y_scale)), z_(p.z_scale), round_(p.min, p.max, p.z_zero_point) {}

  I32x16 operator()(const I32x16& a, const I32x16& b) const { return round_(z_(value(a, b))); }

 private:
  F32x16 value(const I32x16& a, const I32x16& b) const {
    const F32x16 x = mul16(to_float16(a), x_), y = mul16(to_float16(b), y_);
    if constexpr (op == BinaryI8Op::kMul) return mul16(x, y);
    if constexpr (op == BinaryI8Op::kPrelu) return mul16(x, where_negative16(a, y, splat16(1.0f)));
    return op == BinaryI8Op::kAdd ? add16(x, y) : sub16(x, y);
  }
  F32x16 x_, y_;
  Quotient16 z_;
  Round16 round_;
};

template <BinaryI8Op op> class Extreme16 {
 public:
  explicit Extreme16(const BinaryI8& p) : clamp_(p.min, p.max, p.z_zero_point) {}
  I32x16 operator()(const I32x16& a, const I32x16& b) const { return clamp_(op == BinaryI8Op::kMax ? max16(a, b) : min16(a, b)); }

 private:
  Clamp16 clamp_;
};

// The element types: 16 values of one operand as integers, results stored.
struct Narrow {
  using Value = int8_t;
  static I32x16 load(const Value* p, size_t n) { return n >= 16 ? load_i8x16(p) : load_i8x16(p, n); }
  static void store(void* z, size_t at, const I32x16& v, size_t n) { store_bytes16(static_cast<uint8_t*>(z) + at, v, n); }
};
struct Wide {
  using Value = int16_t;
  static I32x16 load(const Value* p, size_t n) { return load_i16x16(p, n); }
  static void store(void* z, size_t at, const I32x16& v, size_t n) { store_halves16(static_cast<uint16_t*>(z) + at, v, n); }
};

// One operand's run: where it has one value, that value sixteen times.
template <typename Type> class Run {
 public:
  Run(const void* p, size_t at, size_t step, bool is_unsigned, int32_t zero_point)
      : p_(static_cast<const typename Type::Value*>(p) + at),
        step_(step),
        flip_(splat16(is_unsigned ? -128 : 0)),
        zero_(splat16(zero_point - (is_unsigned ? 128 : 0))) {
    for (auto& v : same_) v = *p_;
  }
  I32x16 load(size_t i, size_t n) const {
    // A uint8 taken for int8 becomes its value - 128 by flipping the sign bit and those above.
    return sub16(xor16(step_ == 0 ? Type::load(same_, 16) : Type::load(p_ + i, n), flip_), zero_);
  }

 private:
  const typename Type::Value* p_;
  size_t step_;
  I32x16 flip_, zero_;
  typename Type::Value same_[16];
};

template <typename Type, typename Rule> void run_binary(const BinaryI8& p, const BinaryI8Runs& runs) {
  const Rule rule(p);
  for (size_t r = 0; r < runs.rows && runs.n > 0; ++r) {
    const Run<Type> x(runs.x, r * runs.x_row, runs.x_step, p.is_unsigned, p.x_zero_point),
        y(runs.y, r * runs.y_row, runs.y_step, p.is_unsigned, p.y_zero_point);
    for (size_t i = 0; i < runs.n; i += 16) Type::store(runs.z, r * runs.z_row + i, rule(x.load(i, runs.n - i), y.load(i, runs.n - i)), runs.n - i);
  }
}

template <BinaryI8Op op, typename Type> void run_scaled(const BinaryI8& p, const BinaryI8Runs& runs) {
  constexpr int kLeftShift = sizeof(typename Type::Value) == 1 ? 20 : 15;
  p.mode == RequantMode::kOnnx ? run_binary<Type, BinaryOnnx16<op>>(p, runs) : run_binary<Type, BinaryTflm16<op, kLeftShift>>(p, runs);
}

template <typename Type> void run_type(BinaryI8Op op, const BinaryI8& p, const BinaryI8Runs& runs) {
  switch (op) {
    case BinaryI8Op::kAdd: return run_scaled<BinaryI8Op::kAdd, Type>(p, runs);
    case BinaryI8Op::kSub: return run_scaled<BinaryI8Op::kSub, Type>(p, runs);
    case BinaryI8Op::kMul: return run_scaled<BinaryI8Op::kMul, Type>(p, runs);
    case BinaryI8Op::kPrelu: return run_scaled<BinaryI8Op::kPrelu, Type>(p, runs);
    case BinaryI8Op::kMax: return run_binary<Type, Extreme16<BinaryI8Op::kMax>>(p, runs);
    case BinaryI8Op::kMin: return run_binary<Type, Extreme16<BinaryI8Op::kMin>>(p, runs);
  }
}

inline void run_op(BinaryI8Op op, const BinaryI8& p, const BinaryI8Runs& runs) { p.is_wide ? run_type<Wide>(op, p, runs) : run_type<Narrow>(op, p, runs); }

}  // namespace
}  // namespace verge
