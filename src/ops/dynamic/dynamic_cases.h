// Cases of layers with activations quantised at run time that every executor passes.
#pragma once
#include "ops/conv/conv_cases.h"

namespace verge::testing {

inline std::vector<OpCase> dynamic_cases() {
  std::vector<OpCase> cases;
  const ConvQuant q{"weights"};
  for (const ConvShape& s : conv_shapes())
    for (const int64_t symmetric : {0, 1})
      cases.push_back(op_case("dynamic_conv_" + s.name + (symmetric ? "_symmetric" : ""), "dynamic_conv", with(with(s.attrs, "clamp_min", -0.5), "symmetric", symmetric),
                              {fed(random_f32(s.x, 1, -1, 3)), constant(random_bytes(DataType::kI8, s.w, 2, weight_quant(q, s.w[0]))), constant(random_f32({s.w[0]}, 3))}, {{}},
                              8 * s.w.count(1, 4)));
  for (const auto& [x, n] : std::vector<std::pair<Shape, int32_t>>{{{1, 64}, 10}, {{5, 33}, 17}, {{2, 3, 7}, 40}, {{70, 130}, 100}})
    for (const int64_t symmetric : {0, 1}) {
      const Shape w{n, x.back(0)};
      cases.push_back(op_case("dynamic_dense_" + std::to_string(cases.size()), "dynamic_dense", {{"symmetric", symmetric}},
                              {fed(random_f32(x, 4)), constant(random_bytes(DataType::kI8, w, 5, weight_quant(q, n)))}, {{}}, 8 * x.back(0)));
    }
  return cases;
}

}  // namespace verge::testing
