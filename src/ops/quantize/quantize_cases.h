// Cases of quantize, dequantize, requantize and cast that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> quantize_cases() {
  const DataType i8 = DataType::kI8, u8 = DataType::kU8, i16 = DataType::kI16, i32 = DataType::kI32;
  const QuantParams channels{{0.1f, 0.2f, 0.05f}, {0, 1, 2}, 1};
  std::vector<OpCase> cases;
  for (const std::string mode : {"tflm", "onnx"}) {
    const Attrs attrs{{"requant", mode}};
    cases.push_back(op_case("quantize_i8_" + mode, "quantize", attrs, {fed(random_f32({3, 333}, 1, -10, 10))}, {{i8, quant(0.0625f, 3)}}));
    cases.push_back(op_case("quantize_u8_" + mode, "quantize", attrs, {fed(random_f32({20000}, 2, -10, 10))}, {{u8, quant(0.05f, 128)}}));
    cases.push_back(op_case("quantize_i16_" + mode, "quantize", attrs, {fed(random_f32({333}, 3, -10, 10))}, {{i16, quant(0.0003f, 0)}}));
    cases.push_back(op_case("quantize_per_channel_" + mode, "quantize", attrs, {fed(random_f32({2, 3, 5}, 4, -10, 10))}, {{i8, channels}}));
    for (DataType from : {i8, u8, i16, i32})
      for (DataType to : {i8, u8, i16})
        cases.push_back(op_case(std::string("requantize_") + dtype_name(from) + "_" + dtype_name(to) + "_" + mode, "requantize", attrs,
                                {fed(random_integers(from, {777}, 5, 0, 127, quant(0.05f, 3)))}, {{to, quant(0.04f, 5)}}));
  }
  for (DataType from : {i8, u8, i16, i32})
    cases.push_back(op_case(std::string("dequantize_") + dtype_name(from), "dequantize", {}, {fed(random_integers(from, {777}, 6, 0, 127, quant(0.05f, 3)))}));
  cases.push_back(op_case("dequantize_per_channel", "dequantize", {}, {fed(random_integers(i8, {2, 3, 5}, 7, -128, 127, channels))}));
  return cases;
}

inline std::vector<OpCase> cast_cases() {
  const DataType types[] = {DataType::kF32, DataType::kI8, DataType::kU8, DataType::kI16, DataType::kI32, DataType::kI64, DataType::kU64,
                            DataType::kF16, DataType::kBF16, DataType::kF64, DataType::kBool};
  std::vector<OpCase> cases;
  for (DataType from : types)
    for (DataType to : types) {
      if (from == to) continue;
      Tensor x = is_float(from) ? cast_tensor(random_f32({300}, 1, -3e9f, 3e9f), from) : random_integers(from, {300}, 2, from == DataType::kI32 || from == DataType::kI64 ? -70000 : 0, 70000);
      cases.push_back(op_case(std::string("cast_") + dtype_name(from) + "_" + dtype_name(to), "cast", {{"to", std::string(dtype_name(to))}}, {fed(std::move(x))}));
    }
  return cases;
}

}  // namespace verge::testing
