// Cases of interpolation at points and in rectangles, and of attention by a state, for every executor.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> grid_sample_cases() {
  std::vector<OpCase> cases;
  for (const std::string mode : {"nearest", "linear", "cubic"})
    for (const std::string padding : {"zeros", "border", "reflection"})
      for (int64_t align : {0, 1}) {
        const Attrs attrs{{"mode", mode}, {"padding", padding}, {"align_corners", align}};
        const std::string name = "grid_sample_" + mode + "_" + padding + (align ? "_corners" : "_edges");
        cases.push_back(op_case(name, "grid_sample", attrs, {fed(random_f32({2, 3, 5, 7}, 1)), fed(random_f32({2, 4, 6, 2}, 2, -1.7f, 1.7f))}, {{}}, 4096));
        if (mode == "linear") cases.push_back(op_case(name + "_3d", "grid_sample", attrs, {fed(random_f32({1, 2, 3, 4, 5}, 3)), fed(random_f32({1, 2, 3, 4, 3}, 4, -1.3f, 1.3f))}, {{}}, 4096));
      }
  return cases;
}

inline std::vector<OpCase> roi_align_cases() {
  std::vector<OpCase> cases;
  const Tensor boxes = Tensor::of<float>({3, 4}, std::vector<float>{1, 2, 9.5f, 7.25f, -2, -3, 4, 30, 3.3f, 0.7f, 3.5f, 0.9f});
  for (const std::string mode : {"avg", "max"})
    for (int64_t samples : {0, 2})
      for (int64_t half : {0, 1})
        cases.push_back(op_case("roi_align_" + mode + "_" + std::to_string(samples) + (half ? "_edges" : "_centres"), "roi_align",
                                {{"mode", mode}, {"samples", samples}, {"half_pixel", half}, {"scale", 0.5}, {"cells", std::vector<int64_t>{3, 2}}},
                                {fed(random_f32({2, 3, 8, 6}, 1, -1, 1)), fed(boxes), fed(Tensor::of<int64_t>({3}, std::vector<int64_t>{1, 0, 1}))}, {{}}, 4096));
  return cases;
}

inline std::vector<OpCase> linear_attention_cases() {
  const CaseInput q = fed(random_f32({2, 4, 5, 6}, 1)), k = fed(random_f32({2, 2, 5, 6}, 2)), v = fed(random_f32({2, 2, 5, 19}, 3)), state = fed(random_f32({2, 2, 6, 19}, 4));
  const CaseInput decay = fed(random_f32({2, 2, 5, 6}, 5, 0.5f, 1)), one_decay = fed(random_f32({2, 2, 5, 1}, 6, 0.5f, 1)), beta = fed(random_f32({2, 1, 5, 1}, 7, 0, 1));
  const Attrs attrs{{"scale", 0.4}};
  return {op_case("linear_attention", "linear_attention", attrs, {q, k, v}, {{}, {}}, 512), op_case("linear_attention_gated", "linear_attention", attrs, {q, k, v, state, decay}, {{}, {}}, 512),
          op_case("linear_attention_delta", "linear_attention", attrs, {q, k, v, state, absent(), beta}, {{}, {}}, 512),
          op_case("linear_attention_gated_delta", "linear_attention", attrs, {q, k, v, absent(), one_decay, beta}, {{}, {}}, 512)};
}

}  // namespace verge::testing
