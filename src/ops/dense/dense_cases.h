// Cases of dense layers that every executor passes.
#pragma once
#include "ops/conv/conv_cases.h"

namespace verge::testing {

inline std::vector<OpCase> dense_cases() {
  std::vector<OpCase> cases;
  const std::vector<std::pair<Shape, int32_t>> shapes = {{{1, 64}, 10}, {{5, 33}, 17}, {{2, 3, 7}, 40}, {{640}, 128}, {{1, 1}, 1}, {{70, 130}, 100}};
  for (const auto& [x, n] : shapes) {
    const int32_t k = x.back(0);
    const std::string name = "dense_" + std::to_string(x.count() / k) + "x" + std::to_string(k) + "x" + std::to_string(n);
    cases.push_back(op_case(name + "_f32", "dense", {{"clamp_min", 0.0}}, {fed(random_f32(x, 1)), constant(random_f32({n, k}, 2)), constant(random_f32({n}, 3))}, {{}}, k));
    for (const ConvQuant& q : conv_quants()) cases.push_back(quantized_product(name + "_" + q.name, "dense", {}, q, x, {n, k}, k));
    cases.push_back(product_i16(name + "_i16", "dense", {}, DataType::kI64, x, {n, k}, k));
    cases.push_back(product_i16(name + "_i16_narrow", "dense", {}, DataType::kI32, x, {n, k}, k));
  }
  cases.push_back(op_case("dense_f32_no_bias", "dense", {}, {fed(random_f32({3, 20}, 4)), constant(random_f32({6, 20}, 5))}, {{}}, 20));
  return cases;
}

}  // namespace verge::testing
