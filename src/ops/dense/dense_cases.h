// Cases of dense layers that every executor passes.
#pragma once
#include "ops/conv/conv_cases.h"

namespace verge::testing {

// int8 activations and weights, sums as real numbers.
inline OpCase scores(const std::string& name, const Shape& x, const Shape& w) {
  return op_case(name, "dense", {},
                 {fed(random_bytes(DataType::kI8, x, 1, quant(0.02f, 7))), constant(random_bytes(DataType::kI8, w, 2, weight_quant({"scores", DataType::kI8, DataType::kI8, DataType::kF32}, w[0]))),
                  constant(random_integers(DataType::kI32, {w[0]}, 3, -3000, 3000))},
                 {{DataType::kF32, {}}}, 1);
}

// Weights [n, k] of which every fourth column of 16 rows is left.
inline Tensor blocky_f32(int32_t n, int32_t k, uint64_t seed) {
  const Tensor all = random_f32({n, k}, seed);
  Tensor out = Tensor::of<float>(all.shape(), all.values<float>());
  for (int32_t o = 0; o < n; ++o)
    for (int32_t c = 0; c < k; ++c)
      if ((c + o / 16) % 4 != 0) out.mut<float>()[static_cast<size_t>(o) * static_cast<size_t>(k) + static_cast<size_t>(c)] = 0;
  return out;
}

inline std::vector<OpCase> dense_cases() {
  std::vector<OpCase> cases;
  const std::vector<std::pair<Shape, int32_t>> shapes = {{{1, 64}, 10}, {{5, 33}, 17}, {{2, 3, 7}, 40}, {{640}, 128}, {{1, 1}, 1}, {{70, 130}, 100}};
  for (const auto& [x, n] : shapes) {
    const int32_t k = x.back(0);
    const std::string name = "dense_" + std::to_string(x.count() / k) + "x" + std::to_string(k) + "x" + std::to_string(n);
    cases.push_back(op_case(name + "_f32", "dense", {{"clamp_min", 0.0}}, {fed(random_f32(x, 1)), constant(random_f32({n, k}, 2)), constant(random_f32({n}, 3))}, {{}}, k));
    for (const ConvQuant& q : conv_quants()) cases.push_back(quantized_product(name + "_" + q.name, "dense", {}, q, x, {n, k}, k));
    cases.push_back(scores(name + "_i8_reals", x, {n, k}));
    cases.push_back(product_i16(name + "_i16", "dense", {}, DataType::kI64, x, {n, k}, k));
    cases.push_back(product_i16(name + "_i16_narrow", "dense", {}, DataType::kI32, x, {n, k}, k));
  }
  for (const int32_t rows : {1, 3, 9})
    cases.push_back(op_case("dense_sparse_" + std::to_string(rows), "dense", {{"clamp_max", 0.5}}, {fed(random_f32({rows, 130}, 6)), constant(blocky_f32(100, 130, 7)), constant(random_f32({100}, 8))}, {{}}, 130));
  cases.push_back(op_case("dense_sparse_pointwise", "conv", conv_attrs({1, 1}, {0, 0, 0, 0}), {fed(random_f32({1, 3, 5, 130}, 6)), constant(blocky_f32(100, 130, 7).reshaped({100, 1, 1, 130}))}, {{}}, 130));
  cases.push_back(op_case("dense_f32_no_bias", "dense", {}, {fed(random_f32({3, 20}, 4)), constant(random_f32({6, 20}, 5))}, {{}}, 20));
  return cases;
}

}  // namespace verge::testing
