// Cases of the pointwise operators that every executor passes.
#pragma once
#include "ops/op.h"
#include "testing/op_case.h"

namespace verge::testing {

// Every function on reals where all of them are defined, and on both sides of zero where they are.
inline std::vector<OpCase> unary_f32_cases() {
  std::vector<OpCase> cases;
  for (const ops::OpDef& def : ops::all_ops()) {
    const std::string name = def.name;
    if (std::string(def.family) != "unary" || name == "not") continue;
    cases.push_back(op_case(name + "_f32", name, {}, {fed(random_f32({3, 5, 7}, 1, name == "acosh" ? 1.1f : 0.1f, name == "acosh" ? 9 : 0.9f))}, {{}}, 16));
  }
  for (const char* name : {"relu", "sigmoid", "tanh", "hswish", "silu", "gelu", "elu", "selu", "leaky_relu", "hsigmoid", "softplus", "mish", "round", "is_nan"})
    cases.push_back(op_case(name + std::string("_f32_both_signs"), name, {}, {fed(random_f32({20000}, 2, -8, 8))}, {{}}, 16));
  cases.push_back(op_case("clamp_f32", "clamp", {{"min", -0.5}, {"max", 1.0}}, {fed(random_f32({333}, 3, -2, 2))}));
  cases.push_back(op_case("gelu_f32_by_tanh", "gelu", {{"approximate", std::string("tanh")}}, {fed(random_f32({333}, 4, -4, 4))}, {{}}, 16));
  return cases;
}

inline std::vector<OpCase> unary_integer_cases() {
  const DataType i8 = DataType::kI8, u8 = DataType::kU8, i32 = DataType::kI32, i64 = DataType::kI64;
  std::vector<OpCase> cases;
  for (const char* name : {"relu", "clamp", "sigmoid", "tanh", "hswish", "leaky_relu", "elu", "exp", "abs"})
    for (const std::string mode : {"tflm", "onnx"}) {
      Attrs attrs{{"requant", mode}};
      if (name == std::string("clamp")) attrs.insert({{"min", 0.0}, {"max", 3.0}});
      cases.push_back(op_case(std::string(name) + "_i8_" + mode, name, attrs, {fed(random_bytes(i8, {700}, 5, quant(0.05f, 3)))}, {{i8, quant(0.04f, -5)}}));
      cases.push_back(op_case(std::string(name) + "_u8_" + mode, name, attrs, {fed(random_bytes(u8, {300}, 6, quant(0.05f, 100)))}, {{u8, quant(0.04f, 90)}}));
    }
  Tensor values = random_bytes(i8, {256}, 21, {});
  cases.push_back(op_case("table_i8", "table", {{"values", values}}, {fed(random_bytes(i8, {7, 100}, 22, quant(0.05f, 3)))}, {{i8, quant(0.04f, -5)}}));
  cases.push_back(op_case("table_u8_to_i8", "table", {{"values", values}}, {fed(random_bytes(u8, {300}, 23, quant(0.05f, 3)))}, {{i8, quant(0.04f, -5)}}));
  const DataType i16 = DataType::kI16;
  for (const double alpha : {0.3, 1.7, -0.4})
    cases.push_back(op_case("leaky_relu_i16_" + std::to_string(cases.size()), "leaky_relu", {{"alpha", alpha}}, {fed(random_halves({20000}, 12, quant(0.002f, 0)))}, {{i16, quant(0.0015f, 0)}}));
  cases.push_back(op_case("relu_i16", "relu", {}, {fed(random_halves({700}, 13, quant(0.002f, 0)))}, {{i16, quant(0.0015f, 0)}}));
  cases.push_back(op_case("clamp_i16", "clamp", {{"min", -1.0}, {"max", 6.0}}, {fed(random_halves({700}, 14, quant(0.002f, 0)))}, {{i16, quant(0.0015f, 0)}}));
  for (const float scale : {0x1p-12f, 0.0003f})
    for (const char* name : {"sigmoid", "tanh"})
      cases.push_back(op_case(name + std::string("_i16_") + std::to_string(cases.size()), name, {}, {fed(random_halves({20000}, 15, quant(scale, 0)))}, {{i16, quant(0x1p-15f, 0)}}));
  cases.push_back(op_case("sigmoid_i8_contract", "sigmoid", {}, {fed(random_bytes(i8, {700}, 7, quant(0.05f, 3)))}, {{i8, quant(1.0f / 256, -128)}}));
  cases.push_back(op_case("tanh_i8_contract", "tanh", {}, {fed(random_bytes(i8, {700}, 8, quant(0.03f, -9)))}, {{i8, quant(1.0f / 128, 0)}}));
  for (const char* name : {"neg", "abs", "sign", "relu", "square", "floor"})
    for (DataType dtype : {i8, i32, i64})
      cases.push_back(op_case(std::string(name) + "_" + dtype_name(dtype), name, {}, {fed(random_integers(dtype, {5, 40}, 9, -100, 100))}));
  cases.push_back(op_case("clamp_i32", "clamp", {{"min", -5.5}, {"max", 7.0}}, {fed(random_integers(i32, {70}, 10, -20, 20))}));
  cases.push_back(op_case("not_bool", "not", {}, {fed(random_integers(DataType::kBool, {70}, 11, 0, 1))}));
  return cases;
}

}  // namespace verge::testing
