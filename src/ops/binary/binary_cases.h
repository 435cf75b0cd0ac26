// Cases of functions of two tensors that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

struct BinaryShapes {
  std::string name;
  Shape x, y;
};

inline std::vector<BinaryShapes> binary_shapes() {
  return {{"equal", {3, 5, 7}, {3, 5, 7}}, {"large", {130, 200}, {130, 200}}, {"channel", {2, 3, 70}, {70}}, {"scalar", {40, 600}, {}},
          {"first_is_one", {1}, {20, 30}}, {"both_stretch", {3, 1, 7}, {2, 1, 5, 1}}, {"none_left", {0, 4}, {1, 4}}, {"few_channels", {29, 31, 3}, {3}}, {"few_channels_first", {2}, {600, 2}}};
}

inline std::vector<OpCase> binary_f32_cases() {
  std::vector<OpCase> cases;
  const char* const names[] = {"add", "sub", "mul", "div", "pow", "minimum", "maximum", "mod", "squared_difference", "floor_div", "equal", "less", "less_equal", "greater", "greater_equal"};
  for (const char* name : names)
    for (const BinaryShapes& s : binary_shapes()) {
      if (std::string(name) != "add" && s.name != "both_stretch" && s.name != "large" && s.name != "channel") continue;
      cases.push_back(op_case(std::string(name) + "_f32_" + s.name, name, {}, {fed(random_f32(s.x, 1, 0.1f, 3)), fed(random_f32(s.y, 2, 0.1f, 3))}, {{}}, 32));
    }
  for (const char* name : {"add", "sub", "mul", "div", "minimum", "maximum", "pow", "mod", "less"})
    cases.push_back(op_case(std::string(name) + "_f64", name, {}, {fed(cast_tensor(random_f32({3, 1, 70}, 11, 0.1f, 3), DataType::kF64)), fed(cast_tensor(random_f32({5, 1}, 12, 0.1f, 3), DataType::kF64))}));
  cases.push_back(op_case("mod_f32_sign_of_y", "mod", {}, {fed(random_f32({300}, 3, -9, 9)), fed(random_f32({300}, 4, 1, 2))}, {{}}, 64));
  cases.push_back(op_case("mod_f32_sign_of_x", "mod", {{"fmod", int64_t{1}}}, {fed(random_f32({300}, 3, -9, 9)), fed(random_f32({300}, 4, 1, 2))}, {{}}, 64));
  cases.push_back(op_case("atan2_f32", "atan2", {}, {fed(random_f32({300}, 3, -9, 9)), fed(random_f32({300}, 4, -2, 2))}, {{}}, 64));
  cases.push_back(op_case("add_f32_relu6", "add", {{"clamp_min", 0.0}, {"clamp_max", 6.0}}, {fed(random_f32({333}, 5, -9, 9)), fed(random_f32({333}, 6, -9, 9))}));
  cases.push_back(op_case("prelu_f32", "prelu", {}, {fed(random_f32({2, 6, 5, 7}, 7)), constant(random_f32({7}, 8))}));
  return cases;
}

inline std::vector<OpCase> binary_integer_cases() {
  std::vector<OpCase> cases;
  const char* const names[] = {"add", "sub", "mul", "div", "pow", "minimum", "maximum", "mod", "squared_difference", "floor_div", "equal", "less", "bit_and", "bit_or", "bit_xor", "bit_shift"};
  for (const char* name : names)
    for (DataType dtype : {DataType::kU8, DataType::kI32, DataType::kI64, DataType::kU64}) {
      const int64_t low = dtype == DataType::kU8 || dtype == DataType::kU64 ? 0 : -9;
      cases.push_back(op_case(std::string(name) + "_" + dtype_name(dtype), name, {}, {fed(random_integers(dtype, {3, 1, 70}, 1, low, 100)), fed(random_integers(dtype, {2, 1, 5, 1}, 2, low, 9))}));
    }
  for (const char* name : {"and", "or", "xor", "equal"})
    cases.push_back(op_case(std::string(name) + "_bool", name, {}, {fed(random_integers(DataType::kBool, {30}, 3, 0, 1)), fed(random_integers(DataType::kBool, {1}, 4, 0, 1))}));
  cases.push_back(op_case("bit_shift_i32_left", "bit_shift", {{"left", int64_t{1}}}, {fed(random_integers(DataType::kI32, {30}, 5, -99, 99)), fed(random_integers(DataType::kI32, {30}, 6, 0, 40))}));
  return cases;
}

inline std::vector<OpCase> binary_quantized_cases() {
  const DataType i8 = DataType::kI8, u8 = DataType::kU8;
  std::vector<OpCase> cases;
  for (const char* name : {"add", "sub", "mul", "minimum", "maximum", "prelu"})
    for (const std::string mode : {"tflm", "onnx"})
      for (const BinaryShapes& s : binary_shapes()) {
        if (std::string(name) == "prelu" ? s.name != "channel" : std::string(name) != "add" && s.name != "both_stretch" && s.name != "large") continue;
        const Attrs attrs{{"requant", mode}, {"clamp_max", 4.0}};
        cases.push_back(op_case(std::string(name) + "_i8_" + mode + "_" + s.name, name, attrs,
                                {fed(random_bytes(i8, s.x, 1, quant(0.05f, 3))), fed(random_bytes(i8, s.y, 2, quant(0.03f, -7)))}, {{i8, quant(0.06f, -5)}}));
        cases.push_back(op_case(std::string(name) + "_u8_" + mode + "_" + s.name, name, attrs,
                                {fed(random_bytes(u8, s.x, 3, quant(0.05f, 0))), fed(random_bytes(u8, s.y, 4, quant(0.03f, 128)))}, {{u8, quant(0.06f, 255)}}));
      }
  for (const char* name : {"add", "sub", "mul", "minimum", "maximum"})
    for (const BinaryShapes& s : binary_shapes()) {
      if (s.name != "both_stretch" && s.name != "large") continue;
      cases.push_back(op_case(std::string(name) + "_i16_" + s.name, name, {{"clamp_min", -900.0}},
                              {fed(random_halves(s.x, 9, quant(0.05f, 0))), fed(random_halves(s.y, 10, quant(0.03f, 0)))}, {{DataType::kI16, quant(0.06f, 0)}}));
    }
  for (const char* name : {"less", "equal"}) {
    cases.push_back(op_case(std::string(name) + "_i8_as_reals", name, {}, {fed(random_bytes(i8, {500}, 5, quant(0.05f, 3))), fed(random_bytes(i8, {500}, 6, quant(0.025f, 3)))}));
    cases.push_back(op_case(std::string(name) + "_i8_as_stored", name, {}, {fed(random_bytes(i8, {500}, 7, quant(0.05f, 3))), fed(random_bytes(i8, {500}, 8, quant(0.05f, 3)))}));
  }
  return cases;
}

}  // namespace verge::testing
