// Cases of softmax that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> softmax_cases() {
  const DataType i8 = DataType::kI8, u8 = DataType::kU8;
  std::vector<OpCase> cases;
  for (const char* name : {"softmax", "log_softmax"}) {
    const std::string prefix = name;
    cases.push_back(op_case(prefix + "_f32", name, {}, {fed(random_f32({3, 5, 7}, 1, -4, 4))}, {{}}, 16));
    cases.push_back(op_case(prefix + "_f32_rows", name, {}, {fed(random_f32({90, 1001}, 2, -4, 4))}, {{}}, 64));
    cases.push_back(op_case(prefix + "_f32_beta", name, {{"beta", 0.5}}, {fed(random_f32({3, 20}, 3, -4, 4))}, {{}}, 16));
    for (int64_t axis : {0, 1}) cases.push_back(op_case(prefix + "_f32_axis_" + std::to_string(axis), name, {{"axis", axis}}, {fed(random_f32({3, 5, 7}, 4, -4, 4))}, {{}}, 16));
  }
  const QuantParams x = quant(0.1f, 3), y = quant(1.0f / 256, -128);
  cases.push_back(op_case("softmax_i8", "softmax", {}, {fed(random_bytes(i8, {40, 50}, 5, x))}, {{i8, y}}));
  cases.push_back(op_case("softmax_i8_axis_1", "softmax", {{"axis", int64_t{1}}, {"beta", 2.0}}, {fed(random_bytes(i8, {3, 5, 4}, 6, x))}, {{i8, y}}));
  cases.push_back(op_case("softmax_u8", "softmax", {}, {fed(random_bytes(u8, {3, 50}, 7, x))}, {{u8, quant(1.0f / 256, 0)}}));
  cases.push_back(op_case("softmax_i8_i16", "softmax", {}, {fed(random_bytes(i8, {3, 50}, 8, x))}, {{DataType::kI16, quant(1.0f / 65536, -32768)}}));
  return cases;
}

}  // namespace verge::testing
