// Cases of reductions and of the indices of extremes that every executor passes.
#pragma once
#include "ops/reduce/reduce.h"
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> reduce_cases() {
  using List = std::vector<int64_t>;
  const DataType i8 = DataType::kI8, u8 = DataType::kU8, i32 = DataType::kI32;
  const std::pair<std::string, List> axes[] = {{"all", {}}, {"last", {-1}}, {"plane", {1, 2}}, {"ends", {0, 3}}, {"apart", {0, 2}}};
  std::vector<OpCase> cases;
  for (const char* name : {"sum", "mean", "max", "min", "prod", "l1", "l2", "sum_square", "log_sum", "log_sum_exp"}) {
    const std::string op = std::string("reduce_") + name;
    const bool logarithm = op.find("log") != std::string::npos || op == "reduce_l2";
    for (const auto& [which, list] : axes) {
      const Attrs attrs{{"axes", list}, {"keepdims", static_cast<int64_t>(which == "plane")}};
      cases.push_back(op_case(op + "_f32_" + which, op, attrs, {fed(random_f32({3, 4, 5, 6}, 1, 0.9f, 1.1f))}, {{}}, 360));
      if (!logarithm) cases.push_back(op_case(op + "_i32_" + which, op, attrs, {fed(random_integers(i32, {3, 4, 5, 6}, 2, -4, 5))}));
      for (const std::string mode : {"tflm", "onnx"}) {
        if (op != "reduce_sum" && op != "reduce_mean" && op != "reduce_max" && op != "reduce_min") continue;
        Attrs quantized = attrs;
        quantized["requant"] = mode;
        cases.push_back(op_case(op + "_i8_" + mode + "_" + which, op, quantized, {fed(random_bytes(i8, {3, 4, 5, 6}, 3, quant(0.1f, 3)))}, {{i8, quant(0.07f, -4)}}));
        cases.push_back(op_case(op + "_u8_" + mode + "_" + which, op, quantized, {fed(random_bytes(u8, {3, 4, 5, 6}, 4, quant(0.1f, 3)))}, {{u8, quant(0.1f, 3)}}));
      }
    }
  }
  cases.push_back(op_case("reduce_mean_f32_large_plane", "reduce_mean", {{"axes", List{1, 2}}}, {fed(random_f32({2, 56, 56, 24}, 5))}, {{}}, 64));
  return cases;
}

inline std::vector<OpCase> arg_cases() {
  std::vector<OpCase> cases;
  for (const char* name : {"arg_max", "arg_min"})
    for (DataType dtype : {DataType::kF32, DataType::kI8, DataType::kI64})
      for (int64_t axis : {0, 1, -1}) {
        const Tensor x = random_integers(dtype, {5, 6, 70}, 1, 0, 30);
        const Attrs attrs{{"axis", axis}, {"keepdims", int64_t{axis == 1}}, {"select_last_index", int64_t{axis == 0}}};
        cases.push_back(op_case(std::string(name) + "_" + dtype_name(dtype) + "_axis_" + std::to_string((axis + 3) % 3), name, attrs, {fed(x)}));
      }
  for (DataType dtype : {DataType::kF32, DataType::kI8, DataType::kI64})
    for (int64_t axis : {0, -1})
      for (int64_t largest : {0, 1})
        cases.push_back(op_case(std::string("top_k_") + dtype_name(dtype) + (axis ? "_last" : "_first") + (largest ? "_largest" : "_least"), "top_k",
                                {{"axis", axis}, {"largest", largest}, {"k", int64_t{4}}}, {fed(random_integers(dtype, {5, 6, 70}, 2, 0, 30))}, {{}, {}}));
  return cases;
}

}  // namespace verge::testing
