// Cases of pooling that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

struct PoolShape {
  std::string name;
  Shape x;
  Attrs attrs;
};

inline std::vector<PoolShape> pool_shapes() {
  using List = std::vector<int64_t>;
  const Attr nhwc = std::string("nhwc");
  return {
      {"2x2", {1, 8, 6, 16}, {{"layout", nhwc}, {"kernel", List{2, 2}}, {"strides", List{2, 2}}}},
      {"3x3_padded", {2, 7, 9, 5}, {{"layout", nhwc}, {"kernel", List{3, 3}}, {"strides", List{2, 2}}, {"pads", List{1, 1, 1, 1}}}},
      {"3x3_padding_counts", {1, 6, 6, 20}, {{"layout", nhwc}, {"kernel", List{3, 3}}, {"pads", List{1, 0, 1, 2}}, {"count_include_pad", int64_t{1}}}},
      {"ceil_mode", {1, 6, 7, 3}, {{"layout", nhwc}, {"kernel", List{3, 2}}, {"strides", List{2, 3}}, {"ceil_mode", int64_t{1}}}},
      {"ceil_mode_padding_counts",
       {1, 6, 7, 3},
       {{"layout", nhwc}, {"kernel", List{3, 3}}, {"strides", List{2, 2}}, {"pads", List{1, 1, 0, 1}}, {"ceil_mode", int64_t{1}}, {"count_include_pad", int64_t{1}}}},
      {"same_upper", {1, 5, 8, 17}, {{"layout", nhwc}, {"kernel", List{3, 4}}, {"strides", List{2, 2}}, {"auto_pad", std::string("same_upper")}}},
      {"dilated", {1, 9, 9, 4}, {{"layout", nhwc}, {"kernel", List{3, 2}}, {"dilations", List{2, 3}}, {"pads", List{1, 1, 1, 1}}}},
      {"whole_plane", {2, 8, 8, 64}, {{"layout", nhwc}, {"kernel", List{8, 8}}}},
      {"more_taps_than_pointers", {1, 30, 25, 3}, {{"layout", nhwc}, {"kernel", List{30, 25}}}},
  };
}

inline std::vector<OpCase> pool_f32_cases() {
  std::vector<OpCase> cases;
  for (const PoolShape& s : pool_shapes())
    for (const char* op : {"max_pool", "avg_pool"}) {
      Attrs clamped = s.attrs;
      clamped["clamp_min"] = 0.0;
      clamped["clamp_max"] = 0.3;
      cases.push_back(op_case(std::string(op) + "_f32_" + s.name, op, s.attrs, {fed(random_f32(s.x, 1))}, {{}}, 64));
      cases.push_back(op_case(std::string(op) + "_f32_clamp_" + s.name, op, clamped, {fed(random_f32(s.x, 2))}, {{}}, 64));
    }
  return cases;
}

inline std::vector<OpCase> pool_i8_cases() {
  struct PoolQuant {
    std::string name;
    DataType dtype;
    QuantParams x, y;
    std::string requant;
  };
  const DataType i8 = DataType::kI8, u8 = DataType::kU8;
  const std::vector<PoolQuant> quants = {{"i8", i8, quant(0.02f, -7), quant(0.02f, -7), "tflm"},          {"i8_low", i8, quant(0.02f, -128), quant(0.02f, -128), "tflm"},
                                         {"u8", u8, quant(0.03f, 255), quant(0.03f, 255), "tflm"},          {"i8_onnx", i8, quant(0.02f, 127), quant(0.011f, -30), "onnx"},
                                         {"u8_onnx", u8, quant(0.02f, 131), quant(0.021f, 255), "onnx"}};
  std::vector<OpCase> cases;
  for (const PoolShape& s : pool_shapes())
    for (const PoolQuant& q : quants) {
      Attrs attrs = s.attrs;
      attrs["requant"] = q.requant;
      cases.push_back(op_case("avg_pool_" + q.name + "_" + s.name, "avg_pool", attrs, {fed(random_bytes(q.dtype, s.x, 1, q.x))}, {{q.dtype, q.y}}));
      attrs["clamp_min"] = -0.4;
      attrs["clamp_max"] = 0.9;
      cases.push_back(op_case("avg_pool_clamp_" + q.name + "_" + s.name, "avg_pool", attrs, {fed(random_bytes(q.dtype, s.x, 2, q.x))}, {{q.dtype, q.y}}));
      cases.push_back(op_case("max_pool_" + q.name + "_" + s.name, "max_pool", attrs, {fed(random_bytes(q.dtype, s.x, 3, q.x))}, {{q.dtype, q.x}}));
    }
  return cases;
}

}  // namespace verge::testing
