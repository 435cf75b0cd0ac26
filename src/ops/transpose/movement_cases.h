// Cases of the operators that move elements without computing, for every executor.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

// One type of each width.
inline std::vector<DataType> movement_types() { return {DataType::kI8, DataType::kI16, DataType::kF32, DataType::kI64}; }

// Cases of one operator for every width; elements 0 .. 100, so that they differ and fit.
class MovementCases {
 public:
  void add(const std::string& name, const std::string& op, const Attrs& attrs, const std::vector<Shape>& shapes, size_t outputs = 1) {
    for (DataType dtype : movement_types()) {
      std::vector<CaseInput> in;
      for (const Shape& shape : shapes) in.push_back(fed(random_integers(dtype, shape, in.size() + 1, 0, 100)));
      cases.push_back(op_case(name + "_" + dtype_name(dtype), op, attrs, std::move(in), std::vector<CaseOutput>(outputs)));
    }
  }
  std::vector<OpCase> cases;
};

inline std::vector<OpCase> movement_cases() {
  using List = std::vector<int64_t>;
  MovementCases m;
  m.add("concat_middle", "concat", {{"axis", int64_t{1}}}, {{3, 4, 5}, {3, 1, 5}, {3, 7, 5}});
  m.add("concat_last", "concat", {{"axis", int64_t{-1}}}, {{3, 4}, {3, 0}, {3, 1}});
  m.add("concat_300_inputs", "concat", {{"axis", int64_t{0}}}, std::vector<Shape>(300, Shape{2, 3}));
  m.add("transpose_nhwc_nchw", "transpose", {{"perm", List{0, 3, 1, 2}}}, {{2, 30, 4, 50}});
  m.add("transpose_reversed", "transpose", {}, {{2, 3, 4, 5}});
  m.add("transpose_ones_only", "transpose", {{"perm", List{1, 0, 2}}}, {{1, 3, 5}});
  m.add("slice", "slice", {{"starts", List{1, -3}}, {"ends", List{4, 1000}}, {"axes", List{0, 2}}}, {{5, 6, 7}});
  m.add("slice_backwards", "slice", {{"starts", List{-1, 5, 1}}, {"ends", List{-100, 1, 7}}, {"axes", List{0, 1, 2}}, {"steps", List{-1, -2, 3}}}, {{5, 6, 7}});
  m.add("slice_nothing", "slice", {{"starts", List{3}}, {"ends", List{3}}}, {{5, 6}});
  m.add("split_sizes", "split", {{"axis", int64_t{1}}, {"sizes", List{1, 2, 3}}}, {{5, 6, 7}}, 3);
  m.add("split_uneven", "split", {{"axis", int64_t{2}}}, {{5, 6, 7}}, 2);
  for (const std::string mode : {"constant", "reflect", "edge", "wrap"}) {
    m.add("pad_" + mode, "pad", {{"mode", mode}, {"pads", List{0, 1, 2, 1, 2, 3}}, {"value", 1.0}}, {{3, 4, 5}});
    m.add("pad_cut_" + mode, "pad", {{"mode", mode}, {"pads", List{-1, 1, -2, 1, -2, 3}}, {"value", 2.0}}, {{3, 4, 5}});
    m.add("pad_wider_than_input_" + mode, "pad", {{"mode", mode}, {"pads", List{7, 8}}}, {{3}});
  }
  m.add("expand", "expand", {{"shape", List{2, 3, 4, 1}}}, {{3, 1, 5}});
  m.add("tile", "tile", {{"repeats", List{2, 3, 2}}}, {{3, 1, 5}});
  m.add("identity", "identity", {}, {{3, 1, 5}});
  m.add("shape", "shape", {}, {{3, 1, 5}});
  for (const std::string mode : {"dcr", "crd"})
    for (const std::string layout : {"nchw", "nhwc"}) {
      const Attrs attrs{{"mode", mode}, {"layout", layout}, {"block", int64_t{2}}};
      m.add("depth_to_space_" + mode + "_" + layout, "depth_to_space", attrs, {layout == "nhwc" ? Shape{2, 3, 5, 8} : Shape{2, 8, 3, 5}});
      m.add("space_to_depth_" + mode + "_" + layout, "space_to_depth", attrs, {layout == "nhwc" ? Shape{2, 4, 6, 3} : Shape{2, 3, 4, 6}});
    }
  return std::move(m.cases);
}

// Elements chosen by other tensors.
inline std::vector<OpCase> choice_cases() {
  std::vector<OpCase> cases;
  for (DataType dtype : movement_types()) {
    const std::string type = std::string("_") + dtype_name(dtype);
    const Tensor x = random_integers(dtype, {5, 6, 7}, 1, 0, 100);
    const auto indices = [](DataType index, Shape shape) { return fed(random_integers(index, shape, 2, -5, 4)); };
    const auto axis_attr = [](int64_t axis) { return Attrs{{"axis", axis}}; };
    for (int64_t axis : {0, 1, 2}) {
      const std::string name = type + "_axis_" + std::to_string(axis);
      cases.push_back(op_case("gather" + name, "gather", axis_attr(axis), {fed(x), indices(DataType::kI64, {2, 3})}));
      cases.push_back(op_case("gather_elements" + name, "gather_elements", axis_attr(axis), {fed(x), indices(DataType::kI32, {4, 5, 6})}));
    }
    cases.push_back(op_case("gather_scalar" + type, "gather", axis_attr(1), {fed(x), indices(DataType::kI32, {})}));
    cases.push_back(op_case("gather_nd" + type, "gather_nd", {}, {fed(x), indices(DataType::kI64, {4, 2})}));
    cases.push_back(op_case("gather_nd_elements" + type, "gather_nd", {}, {fed(x), indices(DataType::kI32, {4, 3})}));
    cases.push_back(op_case("gather_nd_batch" + type, "gather_nd", {{"batch_dims", int64_t{1}}}, {fed(x), indices(DataType::kI64, {5, 2, 1})}));
    cases.push_back(op_case("where" + type, "where", {},
                            {fed(random_integers(DataType::kBool, {3, 1, 5}, 3, 0, 1)), fed(random_integers(dtype, {4, 1}, 4, 0, 100)), fed(random_integers(dtype, {1}, 5, 0, 100))}));
  }
  return cases;
}

// Quantised tensors whose output has another scale: moved and requantised.
inline std::vector<OpCase> requantizing_movement_cases() {
  using List = std::vector<int64_t>;
  const DataType i8 = DataType::kI8;
  const QuantParams x = quant(0.1f, 3), y = quant(0.05f, -3);
  std::vector<OpCase> cases;
  for (const std::string mode : {"tflm", "onnx"}) {
    const auto bytes = [&](uint64_t seed, const QuantParams& q) { return fed(random_bytes(i8, {3, 4}, seed, q)); };
    const auto with = [&](Attrs attrs) {
      attrs["requant"] = mode;
      return attrs;
    };
    cases.push_back(op_case("concat_scales_" + mode, "concat", with({{"axis", int64_t{1}}}), {bytes(1, x), bytes(2, y), bytes(3, quant(0.2f, 0))}, {{i8, x}}));
    cases.push_back(op_case("pad_zero_point_" + mode, "pad", with({{"pads", List{1, 1, 1, 1}}}), {bytes(4, x)}, {{i8, x}}));
    cases.push_back(op_case("pad_value_scales_" + mode, "pad", with({{"pads", List{1, 1, 1, 1}}, {"value", 1.5}}), {bytes(5, x)}, {{i8, y}}));
    cases.push_back(op_case("transpose_scales_" + mode, "transpose", with({}), {fed(random_integers(DataType::kI16, {3, 4}, 6, -3000, 3000, x))}, {{DataType::kI16, y}}));
    cases.push_back(op_case("slice_signs_" + mode, "slice", with({{"starts", List{1}}, {"ends", List{3}}}), {fed(random_bytes(DataType::kU8, {3, 4}, 7, x))}, {{i8, y}}));
  }
  return cases;
}

}  // namespace verge::testing
