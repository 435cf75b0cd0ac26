#include <cmath>

#include "ops/binary/binary.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

// The exact mathematical value where int64 holds it, else modulo 2^64.
int64_t integer_value(exec::BinaryInt function, int64_t x, int64_t y) {
  using exec::BinaryInt;
  const auto a = static_cast<__int128>(x), b = static_cast<__int128>(y);
  const __int128 quotient = y == 0 ? 0 : a / b, rest = y == 0 ? 0 : a % b;
  const bool down = rest != 0 && (x < 0) != (y < 0);
  switch (function) {
    case BinaryInt::kAdd: return static_cast<int64_t>(a + b);
    case BinaryInt::kSub: return static_cast<int64_t>(a - b);
    case BinaryInt::kMul: return static_cast<int64_t>(a * b);
    case BinaryInt::kDiv: return static_cast<int64_t>(quotient);
    case BinaryInt::kFloorDiv: return static_cast<int64_t>(quotient - down);
    case BinaryInt::kFmod: return static_cast<int64_t>(rest);
    case BinaryInt::kFloorMod: return static_cast<int64_t>(down ? rest + b : rest);
    case BinaryInt::kMinimum: return x < y ? x : y;
    case BinaryInt::kMaximum: return x < y ? y : x;
    case BinaryInt::kAnd: return x & y;
    case BinaryInt::kOr: return x | y;
    case BinaryInt::kXor: return x ^ y;
    case BinaryInt::kShiftRight: return y < 0 || y > 63 ? (x < 0 ? -1 : 0) : x >> y;
    case BinaryInt::kShiftLeft: return y < 0 || y > 63 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(x) << y);
    case BinaryInt::kSquaredDifference: {
      const auto difference = static_cast<uint64_t>(x) - static_cast<uint64_t>(y);
      return static_cast<int64_t>(difference * difference);
    }
    case BinaryInt::kPow: {
      if (y < 0) return x == 1 ? 1 : x == -1 ? (y % 2 ? -1 : 1) : 0;
      uint64_t product = 1;
      for (int bit = 62; bit >= 0; --bit) product = product * product * (y >> bit & 1 ? static_cast<uint64_t>(x) : 1);
      return static_cast<int64_t>(product);
    }
    case BinaryInt::kCount: return 0;
  }
  return 0;
}

// The same of u64, given as its bits.
int64_t unsigned_value(exec::BinaryInt function, int64_t x, int64_t y) {
  using exec::BinaryInt;
  const auto a = static_cast<uint64_t>(x), b = static_cast<uint64_t>(y);
  switch (function) {
    case BinaryInt::kDiv:
    case BinaryInt::kFloorDiv: return static_cast<int64_t>(b == 0 ? 0 : a / b);
    case BinaryInt::kFmod:
    case BinaryInt::kFloorMod: return static_cast<int64_t>(b == 0 ? 0 : a % b);
    case BinaryInt::kMinimum: return static_cast<int64_t>(a < b ? a : b);
    case BinaryInt::kMaximum: return static_cast<int64_t>(a < b ? b : a);
    case BinaryInt::kShiftRight: return b > 63 ? 0 : static_cast<int64_t>(a >> b);
    default: return integer_value(function, x, y);
  }
}

void reference_integers(ReferenceContext& c, exec::BinaryInt function) {
  const std::vector<int64_t> x = c.in[0].to_ints(), y = c.in[1].to_ints();
  std::vector<int64_t> z(static_cast<size_t>(c.out[0].count()));
  const auto value = c.out[0].dtype() == DataType::kU64 ? unsigned_value : integer_value;
  for (int64_t i = 0; i < c.out[0].count(); ++i)
    z[i] = value(function, x[broadcast_index(c.out[0].shape(), c.in[0].shape(), i)], y[broadcast_index(c.out[0].shape(), c.in[1].shape(), i)]);
  fill_wrapping(c.out[0], z);
}

}  // namespace

Result<void> reference_binary(ReferenceContext& c) {
  const Tensor &x = c.in[0], &y = c.in[1];
  Tensor& z = c.out[0];
  if (!x.quant().empty() && !y.quant().empty() && !z.quant().empty()) return reference_binary_quantized(c);
  const BinaryFunction& f = binary_function(c.node);
  if (is_integer(x.dtype())) {
    if (f.integer == exec::BinaryInt::kCount) return unsupported(c.node.op + " of " + dtype_name(x.dtype()));
    reference_integers(c, f.integer);
    return done();
  }
  const RealClamp clamp = real_clamp(c.node);
  std::vector<double> values(static_cast<size_t>(z.count()));
  for (int64_t i = 0; i < z.count(); ++i)
    values[i] = clamp(f.value(x.at(broadcast_index(z.shape(), x.shape(), i)), y.at(broadcast_index(z.shape(), y.shape(), i))));
  fill(z, values);
  return done();
}

Result<void> reference_compare(ReferenceContext& c) {
  const Tensor &x = c.in[0], &y = c.in[1];
  const bool as_real = x.quant() != y.quant() || x.dtype() != y.dtype();
  const auto value = [&](const Tensor& t, int64_t i) {
    const double q = t.at(broadcast_index(c.out[0].shape(), t.shape(), i));
    return as_real ? static_cast<double>(scale(t.quant()) * static_cast<float>(q - zero_point(t.quant()))) : q;
  };
  const CompareFunction& f = compare_function(c.node);
  std::vector<int64_t> z(static_cast<size_t>(c.out[0].count()));
  for (int64_t i = 0; i < c.out[0].count(); ++i) z[i] = f.value(value(x, i), value(y, i));
  fill(c.out[0], z);
  return done();
}

Result<void> reference_bits(ReferenceContext& c) {
  reference_integers(c, bit_function(c.node));
  return done();
}

}  // namespace verge::ops
