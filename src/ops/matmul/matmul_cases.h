// Cases of matrix products that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> matmul_cases() {
  struct Shapes {
    const char* name;
    Shape a, b;
    int64_t trans_b = 0;
  };
  const std::vector<Shapes> list = {{"plain", {5, 7}, {7, 9}},
                                    {"transposed", {5, 7}, {9, 7}, 1},
                                    {"row_times_matrix", {7}, {7, 20}},
                                    {"matrix_times_column", {6, 33}, {33}},
                                    {"row_times_column", {12}, {12}},
                                    {"batch", {3, 4, 6}, {3, 6, 17}},
                                    {"heads_transposed", {2, 3, 10, 8}, {2, 3, 12, 8}, 1},
                                    {"broadcast_left", {5, 8}, {2, 3, 8, 4}},
                                    {"broadcast_right", {2, 3, 5, 8}, {8, 4}},
                                    {"broadcast_both", {2, 1, 5, 8}, {3, 8, 4}},
                                    {"row_times_batch", {8}, {2, 8, 4}},
                                    {"several_blocks", {2, 120, 64}, {2, 64, 200}}};
  std::vector<OpCase> cases;
  for (const Shapes& s : list)
    cases.push_back(op_case(std::string("matmul_") + s.name, "matmul", {{"trans_b", s.trans_b}}, {fed(random_f32(s.a, 1)), fed(random_f32(s.b, 2))}, {{}}, s.a.back(0)));
  for (DataType dtype : {DataType::kI32, DataType::kI64})
    for (int64_t trans_b : {0, 1})
      cases.push_back(op_case(std::string("matmul_") + dtype_name(dtype) + (trans_b ? "_transposed" : ""), "matmul", {{"trans_b", trans_b}},
                              {fed(random_integers(dtype, {2, 5, 8}, 3, -100000, 100000)), fed(random_integers(dtype, trans_b ? Shape{4, 8} : Shape{8, 4}, 4, -100000, 100000))}));
  cases.push_back(op_case("matmul_f64", "matmul", {}, {fed(cast_tensor(random_f32({3, 5, 8}, 7), DataType::kF64)), fed(cast_tensor(random_f32({8, 4}, 8), DataType::kF64))}));
  for (DataType dtype : {DataType::kI8, DataType::kU8})
    cases.push_back(op_case(std::string("matmul_quantized_") + dtype_name(dtype), "matmul", {{"requant", std::string("onnx")}},
                            {fed(random_bytes(dtype, {2, 5, 70}, 5, quant(0.05f, 3))), fed(random_bytes(dtype, {2, 70, 4}, 6, quant(0.03f, 5)))}, {{dtype, quant(0.3f, 7)}}));
  return cases;
}

}  // namespace verge::testing
