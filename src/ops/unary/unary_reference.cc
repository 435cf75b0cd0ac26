#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/lut/tables.h"
#include "base/integers.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"
#include "ops/unary/unary_i16.h"

namespace verge::ops {
namespace {

// q of each input byte, and where its output stands.
template <typename F> Table8 table_of(const AffineType& x, const AffineType& y, const F& f) {
  Table8 table{};
  for (int32_t q = x.min; q <= x.max; ++q) table[static_cast<uint8_t>(q)] = static_cast<uint8_t>(std::clamp<int32_t>(f(q), y.min, y.max));
  return table;
}

bool is_contract_sigmoid(const AffineType& y) { return y.scale == 1.0f / 256 && y.zero_point == y.min; }
bool is_contract_tanh(const AffineType& y) { return y.scale == 1.0f / 128 && y.zero_point == (y.min + y.max + 1) / 2; }

// The integer arithmetic of TensorFlow Lite Micro; false where it has none for these types, and the real function stands in.
bool contract_table(const Node& node, const UnaryValue& f, const AffineType& x, const AffineType& y, Table8& table) {
  if (x.dtype != y.dtype) return false;
  const UnaryI8 u{x.scale, x.zero_point, y.scale, y.zero_point, x.dtype == DataType::kU8};
  constexpr float kUnbounded = std::numeric_limits<float>::infinity();
  if (node.op == "relu") return make_relu_table(u, 0, kUnbounded, table.data()), true;
  if (node.op == "clamp") return make_relu_table(u, static_cast<float>(f.a), static_cast<float>(f.b), table.data()), true;
  // TensorFlow Lite Micro has no uint8 form of these two; LiteRT's is a table of float.
  if (node.op == "sigmoid" && is_contract_sigmoid(y) && u.is_unsigned) return make_real_table(u, [](float v) { return 1.0f / (1.0f + std::exp(-v)); }, table.data()), true;
  if (node.op == "tanh" && is_contract_tanh(y) && u.is_unsigned) return make_real_table(u, [](float v) { return std::tanh(v); }, table.data()), true;
  if (node.op == "sigmoid" && is_contract_sigmoid(y)) return make_logistic_table(u, table.data()), true;
  if (node.op == "tanh" && is_contract_tanh(y)) return make_tanh_table(u, table.data()), true;
  if (node.op == "leaky_relu" && f.a >= 0) return make_leaky_relu_table(u, static_cast<float>(f.a), table.data()), true;
  return node.op == "hswish" && make_hard_swish_table(u, table.data());
}

int64_t integer_value(const UnaryValue& f, int64_t x) {
  const std::string_view name = f.function.name;
  if (name == "neg") return static_cast<int64_t>(0 - static_cast<uint64_t>(x));
  if (name == "abs") return x < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x;
  if (name == "square") return static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(x));
  if (name == "sign") return (x > 0) - (x < 0);
  if (name == "relu") return std::max<int64_t>(x, 0);
  if (name == "clamp") return static_cast<double>(x) < f.a ? to_integer<int64_t>(std::ceil(f.a)) : static_cast<double>(x) > f.b ? to_integer<int64_t>(std::floor(f.b)) : x;
  if (name == "not") return x == 0;
  return x;  // the roundings
}

bool is_integer_function(std::string_view name) {
  for (const char* known : {"neg", "abs", "square", "sign", "relu", "clamp", "ceil", "floor", "round"})
    if (name == known) return true;
  return false;
}

Result<void> reference_quantized(ReferenceContext& c) {
  VERGE_TRY(const AffineType x, affine_type(c.in[0], "input"));
  VERGE_TRY(const AffineType y, affine_type(c.out[0], "output"));
  if (dtype_bits(x.dtype) != 8 || dtype_bits(y.dtype) != 8) return reference_unary_i16(c, x, y);
  VERGE_TRY(const Table8 table, unary_table(c.node, x, y));
  for (int64_t i = 0; i < c.out[0].count(); ++i) c.out[0].data()[i] = table[c.in[0].bytes()[static_cast<size_t>(i)]];
  return done();
}

}  // namespace

Result<Table8> unary_table(const Node& node, const AffineType& x, const AffineType& y) {
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  const UnaryValue f = unary_value(node);
  Table8 table{};
  if (mode == RequantMode::kTflm && contract_table(node, f, x, y, table)) return table;
  return table_of(x, y, [&](int32_t q) { return quantized_value(f(x.real(q)), y, mode); });
}

Table8 not_table() {
  Table8 table{};
  table[0] = 1;
  return table;
}

Result<void> reference_unary(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  Tensor& y = c.out[0];
  const UnaryValue f = unary_value(c.node);
  if (!x.quant().empty() && !y.quant().empty()) return reference_quantized(c);
  if (is_integer(x.dtype()) || x.dtype() == DataType::kBool) {
    if (c.node.op != "not" && !is_integer_function(c.node.op)) return unsupported(c.node.op + " of " + dtype_name(x.dtype()) + ": integers have no such function");
    std::vector<int64_t> values = x.to_ints();
    for (int64_t& v : values) v = integer_value(f, v);
    fill_wrapping(y, values);
    return done();
  }
  std::vector<double> values = x.to_doubles();
  for (double& v : values) v = f(v);
  fill(y, values);
  return done();
}

}  // namespace verge::ops
