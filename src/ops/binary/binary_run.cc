#include <cmath>

#include "exec/broadcast.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "kernels/binary_bf16/binary_bf16.h"
#include "kernels/binary_i8/binary_i8.h"
#include "ops/binary/binary_attrs.h"

namespace verge::exec {
namespace {

constexpr uint32_t kFunctions = 0
#define VERGE_BINARY(...) +1
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
    ;

bool shapes_broadcast(const rt::Instruction& in) {
  const Shape* const operands[] = {&in.in(0).shape, &in.in(1).shape};
  return broadcast_together(in.out().shape, operands, 2);
}

bool operands_broadcast(const rt::Instruction& in) { return in.in(0).dtype == in.in(1).dtype && shapes_broadcast(in); }

Broadcast rows_of(const rt::Instruction& in) {
  const Shape* const operands[] = {&in.in(0).shape, &in.in(1).shape};
  return make_broadcast(in.out().shape, operands, 2);
}

uint64_t bits(int64_t x) { return static_cast<uint64_t>(x); }
int64_t wrapped(uint64_t x) { return static_cast<int64_t>(x); }

// INT64_MIN / -1 wraps.
int64_t divided(int64_t x, int64_t y) { return y == 0 ? 0 : y == -1 ? wrapped(0 - bits(x)) : x / y; }
int64_t remainder(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; }
bool rounds_down(int64_t x, int64_t y) { return remainder(x, y) != 0 && (x < 0) != (y < 0); }

// A negative exponent leaves 1, -1 or 0.
int64_t power(int64_t x, int64_t y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
  uint64_t result = 1, base = bits(x);
  for (; y > 0; y >>= 1, base *= base)
    if (y & 1) result *= base;
  return wrapped(result);
}

int64_t shifted_left(int64_t x, int64_t y) { return y < 0 || y > 63 ? 0 : wrapped(bits(x) << y); }
// A shift that leaves the type spreads the sign.
int64_t shifted_right(int64_t x, int64_t y) { return x >> (y < 0 || y > 63 ? 63 : y); }

template <typename F> void apply(size_t n, const int64_t* x, const int64_t* y, int64_t* z, F f) {
  for (size_t i = 0; i < n; ++i) z[i] = f(x[i], y[i]);
}

void apply(BinaryInt function, size_t n, const int64_t* x, const int64_t* y, int64_t* z) {
  switch (function) {
    case BinaryInt::kAdd: return apply(n, x, y, z, [](int64_t a, int64_t b) { return wrapped(bits(a) + bits(b)); });
    case BinaryInt::kSub: return apply(n, x, y, z, [](int64_t a, int64_t b) { return wrapped(bits(a) - bits(b)); });
    case BinaryInt::kMul: return apply(n, x, y, z, [](int64_t a, int64_t b) { return wrapped(bits(a) * bits(b)); });
    case BinaryInt::kDiv: return apply(n, x, y, z, divided);
    case BinaryInt::kFloorDiv: return apply(n, x, y, z, [](int64_t a, int64_t b) { return wrapped(bits(divided(a, b)) - (rounds_down(a, b) ? 1 : 0)); });
    case BinaryInt::kFmod: return apply(n, x, y, z, remainder);
    case BinaryInt::kFloorMod: return apply(n, x, y, z, [](int64_t a, int64_t b) { return remainder(a, b) + (rounds_down(a, b) ? b : 0); });
    case BinaryInt::kPow: return apply(n, x, y, z, power);
    case BinaryInt::kMinimum: return apply(n, x, y, z, [](int64_t a, int64_t b) { return a < b ? a : b; });
    case BinaryInt::kMaximum: return apply(n, x, y, z, [](int64_t a, int64_t b) { return a > b ? a : b; });
    case BinaryInt::kSquaredDifference:
      return apply(n, x, y, z, [](int64_t a, int64_t b) { return wrapped((bits(a) - bits(b)) * (bits(a) - bits(b))); });
    case BinaryInt::kAnd: return apply(n, x, y, z, [](int64_t a, int64_t b) { return a & b; });
    case BinaryInt::kOr: return apply(n, x, y, z, [](int64_t a, int64_t b) { return a | b; });
    case BinaryInt::kXor: return apply(n, x, y, z, [](int64_t a, int64_t b) { return a ^ b; });
    case BinaryInt::kShiftLeft: return apply(n, x, y, z, shifted_left);
    case BinaryInt::kShiftRight: return apply(n, x, y, z, shifted_right);
    case BinaryInt::kCount: return;
  }
}

// What differs where the numbers are u64, whose upper half looks negative.
void apply_u64(BinaryInt function, size_t n, const int64_t* x, const int64_t* y, int64_t* z) {
  switch (function) {
    case BinaryInt::kDiv:
    case BinaryInt::kFloorDiv: return apply(n, x, y, z, [](int64_t a, int64_t b) { return b == 0 ? 0 : wrapped(bits(a) / bits(b)); });
    case BinaryInt::kFmod:
    case BinaryInt::kFloorMod: return apply(n, x, y, z, [](int64_t a, int64_t b) { return b == 0 ? 0 : wrapped(bits(a) % bits(b)); });
    case BinaryInt::kMinimum: return apply(n, x, y, z, [](int64_t a, int64_t b) { return bits(a) < bits(b) ? a : b; });
    case BinaryInt::kMaximum: return apply(n, x, y, z, [](int64_t a, int64_t b) { return bits(a) > bits(b) ? a : b; });
    case BinaryInt::kShiftRight: return apply(n, x, y, z, [](int64_t a, int64_t b) { return bits(b) > 63 ? 0 : wrapped(bits(a) >> b); });
    default: return apply(function, n, x, y, z);
  }
}

template <typename F> void apply(size_t n, const double* x, const double* y, double* z, F f) {
  for (size_t i = 0; i < n; ++i) z[i] = f(x[i], y[i]);
}

double floor_mod(double x, double y) {
  const double rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

void apply(BinaryF32 function, size_t n, const double* xs, const double* ys, double* zs) {
  switch (function) {
#define VERGE_BINARY(kName, name, value) \
  case BinaryF32::kName: return apply(n, xs, ys, zs, [](double x, double y) { return value; });
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
  }
}

template <typename T, typename F> void compare(size_t n, const T* x, const T* y, uint8_t* z, F f) {
  for (size_t i = 0; i < n; ++i) z[i] = f(x[i], y[i]);
}

template <typename T> void compare(Comparison comparison, size_t n, const T* x, const T* y, uint8_t* z) {
  switch (comparison) {
    case Comparison::kEqual: return compare(n, x, y, z, [](T a, T b) { return a == b; });
    case Comparison::kNotEqual: return compare(n, x, y, z, [](T a, T b) { return a != b; });
    case Comparison::kLess: return compare(n, x, y, z, [](T a, T b) { return a < b; });
    case Comparison::kLessEqual: return compare(n, x, y, z, [](T a, T b) { return a <= b; });
    case Comparison::kGreater: return compare(n, x, y, z, [](T a, T b) { return a > b; });
    case Comparison::kGreaterEqual: return compare(n, x, y, z, [](T a, T b) { return a >= b; });
    case Comparison::kCount: return;
  }
}

void load_run(const TensorView& t, size_t at, size_t n, int64_t* out) { load_integers(t.dtype, t.data, at, n, out); }
void load_run(const TensorView& t, size_t at, size_t n, uint64_t* out) {
  for (size_t i = 0; i < n; ++i) out[i] = t.as<uint64_t>()[at + i];
}
void load_run(const TensorView& t, size_t at, size_t n, double* out) {
  for (size_t i = 0; i < n; ++i) out[i] = t.as<double>()[at + i];
}
void load_run(const TensorView& t, size_t at, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = t.as<float>()[at + i];
}

// Runs of both operands as T, `still` ones spread out: body(n, x, y, first output element).
template <typename T, typename Body> void for_runs(const rt::Instruction& in, const rt::RunEnv& env, const Body& body) {
  const Broadcast b = rows_of(in);
  for_rows(env, b, [&](size_t row, size_t begin, size_t end) {
    T operand[2][kIntegerRun];
    for (size_t at = begin; at < end; at += kIntegerRun) {
      const size_t n = end - at < kIntegerRun ? end - at : kIntegerRun;
      for (int k = 0; k < 2; ++k) {
        load_run(in.in(k), b.offset(k, row) + (b.still(k) ? 0 : at), b.still(k) ? 1 : n, operand[k]);
        for (size_t i = 1; b.still(k) && i < n; ++i) operand[k][i] = operand[k][0];
      }
      body(n, operand[0], operand[1], row * b.row() + at);
    }
  });
}

// Floats of a short row that is laid out again and again, so that kernels run over long ones.
constexpr size_t kLaidOut = 256;

// Which operand is the same short row for every pixel, as a number a channel is; -1: none.
int repeated_row(const Broadcast& b) {
  if (b.rank != 2 || 2 * b.row() > kLaidOut) return -1;
  for (int k = 0; k < 2; ++k)
    if (b.stride[k][0] == 0 && b.stride[k][1] == 1 && b.stride[1 - k][0] == b.row() && b.stride[1 - k][1] == 1) return k;
  return -1;
}

// body(n, operands, first output element) over runs of whole rows.
template <typename Body> void for_repeated_rows(const rt::Instruction& in, const rt::RunEnv& env, const Broadcast& b, int repeated, const Body& body) {
  float row[kLaidOut];
  const size_t run = kLaidOut / b.row() * b.row(), n = b.rows() * b.row();
  for (size_t i = 0; i < run; ++i) row[i] = in.in(repeated).as<float>()[i % b.row()];
  for_blocks(env, (n + run - 1) / run, items_per_block(run), [&](size_t first, size_t last) {
    for (size_t at = first * run; at < last * run && at < n; at += run) {
      const float* operands[2] = {row, row};
      operands[1 - repeated] = in.in(1 - repeated).as<float>() + at;
      body(n - at < run ? n - at : run, operands, at);
    }
  });
}

bool quantized_integers(const TensorView& t) { return (is_byte(t.dtype) || t.dtype == DataType::kI16) && quantized_as_one(t); }

BinaryI8 params_of(const rt::Instruction& in) {
  const auto& a = *in.attrs_as<BinaryI8Attrs>();
  const QuantView &x = in.in(0).quant, &y = in.in(1).quant, &z = in.out().quant;
  return {.mode = static_cast<RequantMode>(a.mode),
          .is_unsigned = in.out().dtype == DataType::kU8,
          .is_wide = in.out().dtype == DataType::kI16,
          .x_zero_point = x.zero_point[0],
          .y_zero_point = y.zero_point[0],
          .z_zero_point = z.zero_point[0],
          .min = a.min,
          .max = a.max,
          .x = {a.x_multiplier, a.x_shift},
          .y = {a.y_multiplier, a.y_shift},
          .z = {a.z_multiplier, a.z_shift},
          .x_scale = x.scale[0],
          .y_scale = y.scale[0],
          .z_scale = z.scale[0]};
}

// Null where bf16 has no loop of its own.
BinaryBf16Fn bf16_function(BinaryF32 function) {
  return function == BinaryF32::kAdd ? pick_binary_bf16().add : function == BinaryF32::kMul ? pick_binary_bf16().mul : nullptr;
}

}  // namespace

Status check_binary_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<BinaryF32Attrs>();
  VERGE_REQUIRE(a && a->function < kFunctions && arity(in, 2, 1) && shapes_broadcast(in), Code::kCorrupt);
  VERGE_REQUIRE(is_real(in.in(0)) && is_real(in.in(1)) && is_real(in.out()), Code::kCorrupt);
  return {};
}

Status run_binary_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<BinaryF32Attrs>();
  const Broadcast b = rows_of(in);
  const Spread spread = b.still(0) ? Spread::kX : b.still(1) ? Spread::kY : Spread::kNone;  // both still: one element, either will do
  const BinaryF32Fn fn = pick_binary_f32(static_cast<BinaryF32>(a.function), spread);
  const Reals operands[] = {reals(in.in(0)), reals(in.in(1))};
  const RealsOut result = reals_out(in.out());
  const bool floats = !operands[0].half && !operands[1].half && !result.half;
  if (const BinaryBf16Fn own = bf16_function(static_cast<BinaryF32>(a.function)); own && result.half && spread == Spread::kNone) {
    for_rows(env, b, [&](size_t row, size_t begin, size_t end) {
      own({end - begin, operands[0].from(b.offset(0, row) + begin), operands[1].from(b.offset(1, row) + begin), result.from(row * b.row() + begin).as<uint16_t>(),
           {a.clamp_min, a.clamp_max}});
    });
    return {};
  }
  if (const int repeated = repeated_row(b); floats && repeated >= 0) {
    auto* z = in.out().mut<float>();
    for_repeated_rows(in, env, b, repeated,
                      [&](size_t n, const float* const* xy, size_t at) { fn(n, xy[0], xy[1], z + at, {a.clamp_min, a.clamp_max}); });
    return {};
  }
  for_rows(env, b, [&](size_t row, size_t begin, size_t end) {
    float room[3][kRealsRun];
    for (size_t at = begin, n; at < end; at += n) {
      n = floats || end - at < kRealsRun ? end - at : kRealsRun;
      const auto operand = [&](int i) { return as_floats(operands[i].from(b.offset(i, row) + (b.still(i) ? 0 : at)), b.still(i) ? 1 : n, room[i]); };
      const RealsOut z = result.from(row * b.row() + at);
      fn(n, operand(0), operand(1), as_floats(z, room[2]), {a.clamp_min, a.clamp_max});
      rounded(z, n, room[2]);
    }
  });
  return {};
}

Status check_binary_f64(const rt::Instruction& in) {
  const auto* a = in.attrs_as<BinaryF64Attrs>();
  VERGE_REQUIRE(a && a->function < kFunctions && arity(in, 2, 1) && operands_broadcast(in), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF64 && in.out().dtype == DataType::kF64, Code::kCorrupt);
  return {};
}

Status run_binary_f64(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<BinaryF64Attrs>();
  for_runs<double>(in, env, [&](size_t n, const double* x, const double* y, size_t at) {
    double z[kIntegerRun];
    apply(static_cast<BinaryF32>(a.function), n, x, y, z);
    for (size_t i = 0; i < n; ++i) in.out().mut<double>()[at + i] = z[i] < a.clamp_min ? a.clamp_min : z[i] > a.clamp_max ? a.clamp_max : z[i];
  });
  return {};
}

Status check_binary_i8(const rt::Instruction& in) {
  const auto* a = in.attrs_as<BinaryI8Attrs>();
  VERGE_REQUIRE(a && a->function < kBinaryI8Functions && a->mode < 2 && arity(in, 2, 1) && operands_broadcast(in), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == in.out().dtype, Code::kCorrupt);
  VERGE_REQUIRE(quantized_integers(in.in(0)) && quantized_integers(in.in(1)) && quantized_integers(in.out()), Code::kCorrupt);
  VERGE_REQUIRE(usable_multiplier(a->x_multiplier, a->x_shift) && usable_multiplier(a->y_multiplier, a->y_shift), Code::kCorrupt);
  const IntegerRange range = integer_range(in.out().dtype);
  VERGE_REQUIRE(usable_multiplier(a->z_multiplier, a->z_shift) && range.min <= a->min && a->min <= a->max && a->max <= range.max, Code::kCorrupt);
  return {};
}

Status run_binary_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto op = static_cast<BinaryI8Op>(in.attrs_as<BinaryI8Attrs>()->function);
  const BinaryI8 params = params_of(in);
  const BinaryI8Fn fn = pick_binary_i8();
  const Broadcast b = rows_of(in);
  const size_t width = element_bytes(in.out().dtype);
  const auto *x = in.in(0).as<uint8_t>(), *y = in.in(1).as<uint8_t>();
  auto* z = in.out().mut<uint8_t>();
  for_rows(env, b, [&](size_t row, size_t begin, size_t end) {
    fn(op, params,
       {.rows = 1,
        .n = end - begin,
        .x = x + (b.offset(0, row) + (b.still(0) ? 0 : begin)) * width,
        .x_row = 0,
        .x_step = b.still(0) ? 0u : 1u,
        .y = y + (b.offset(1, row) + (b.still(1) ? 0 : begin)) * width,
        .y_row = 0,
        .y_step = b.still(1) ? 0u : 1u,
        .z = z + (row * b.row() + begin) * width,
        .z_row = 0});
  });
  return {};
}

Status check_binary_int(const rt::Instruction& in) {
  const auto* a = in.attrs_as<BinaryIntAttrs>();
  VERGE_REQUIRE(a && a->function < static_cast<uint32_t>(BinaryInt::kCount) && arity(in, 2, 1) && operands_broadcast(in), Code::kCorrupt);
  VERGE_REQUIRE(is_plain_integer(in.out().dtype) && in.out().dtype == in.in(0).dtype, Code::kCorrupt);
  return {};
}

Status run_binary_int(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto function = static_cast<BinaryInt>(in.attrs_as<BinaryIntAttrs>()->function);
  for_runs<int64_t>(in, env, [&](size_t n, const int64_t* x, const int64_t* y, size_t at) {
    int64_t z[kIntegerRun];
    if (in.out().dtype == DataType::kU64) apply_u64(function, n, x, y, z);
    else apply(function, n, x, y, z);
    store_integers(in.out().dtype, in.out().data, at, n, z);
  });
  return {};
}

Status check_compare(const rt::Instruction& in) {
  const auto* a = in.attrs_as<CompareAttrs>();
  VERGE_REQUIRE(a && a->comparison < static_cast<uint32_t>(Comparison::kCount) && arity(in, 2, 1) && operands_broadcast(in), Code::kCorrupt);
  VERGE_REQUIRE((in.in(0).dtype == DataType::kF32 || in.in(0).dtype == DataType::kF64 || is_plain_integer(in.in(0).dtype)) && in.out().dtype == DataType::kBool, Code::kCorrupt);
  return {};
}

Status run_compare(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto comparison = static_cast<Comparison>(in.attrs_as<CompareAttrs>()->comparison);
  auto* z = in.out().mut<uint8_t>();
  const auto body = [&](size_t n, const auto* x, const auto* y, size_t at) { compare(comparison, n, x, y, z + at); };
  if (in.in(0).dtype == DataType::kF32) for_runs<float>(in, env, body);
  else if (in.in(0).dtype == DataType::kF64) for_runs<double>(in, env, body);
  else if (in.in(0).dtype == DataType::kU64) for_runs<uint64_t>(in, env, body);
  else for_runs<int64_t>(in, env, body);
  return {};
}

}  // namespace verge::exec
