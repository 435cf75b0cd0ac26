// Cases of normalisation that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> norm_cases() {
  std::vector<OpCase> cases;
  const Attr nhwc = std::string("nhwc");
  const auto parameters = [](const Tensor& x, int32_t n, Shape shape = {}) {
    if (shape.rank == 0) shape = {n};
    return std::vector<CaseInput>{fed(x), constant(random_f32(shape, 11, 0.5f, 2)), constant(random_f32(shape, 12))};
  };
  const auto add = [&](const std::string& name, const std::string& op, Attrs attrs, std::vector<CaseInput> inputs, int64_t terms) {
    cases.push_back(op_case(name, op, std::move(attrs), std::move(inputs), {{}}, terms));
  };
  for (int64_t axis : {int64_t{1}, int64_t{-1}}) {
    std::vector<CaseInput> in = parameters(random_f32({2, 5, 4, 5}, 1), 5);
    in.push_back(constant(random_f32({5}, 13)));
    in.push_back(constant(random_f32({5}, 14, 0.1f, 2)));
    add(axis == 1 ? "batch_norm_second" : "batch_norm_last", "batch_norm", {{"axis", axis}, {"epsilon", 1e-3}}, in, 24);
  }
  for (int32_t n : {1, 3, 16, 100, 257}) add("layer_norm_" + std::to_string(n), "layer_norm", {}, parameters(random_f32({3, 2, n}, 2), n), n);
  add("layer_norm_two_axes", "layer_norm", {{"axis", int64_t{-2}}, {"epsilon", 1e-2}}, parameters(random_f32({4, 6, 9}, 3), 54, {6, 9}), 54);
  add("layer_norm_without_parameters", "layer_norm", {}, {fed(random_f32({70, 33}, 4, 5, 9))}, 4 * 33);
  add("layer_norm_without_bias", "layer_norm", {}, {fed(random_f32({7, 33}, 4)), constant(random_f32({33}, 5))}, 33);
  add("rms_norm", "rms_norm", {}, {fed(random_f32({5, 96}, 6)), constant(random_f32({96}, 7))}, 96);
  add("instance_norm", "instance_norm", {{"layout", nhwc}}, parameters(random_f32({2, 6, 7, 70}, 8), 70), 42);
  add("instance_norm_one_spatial_axis", "instance_norm", {{"layout", nhwc}}, parameters(random_f32({2, 33, 5}, 8), 5), 33);
  add("group_norm", "group_norm", {{"layout", nhwc}, {"groups", int64_t{4}}}, parameters(random_f32({2, 5, 6, 24}, 9), 24), 180);
  add("group_norm_one_group", "group_norm", {{"layout", nhwc}, {"groups", int64_t{1}}}, parameters(random_f32({2, 5, 6, 10}, 9), 10), 300);
  for (int64_t size : {int64_t{1}, int64_t{4}, int64_t{5}})
    add("lrn_" + std::to_string(size), "lrn", {{"layout", nhwc}, {"size", size}, {"alpha", 0.7}, {"beta", 0.6}, {"bias", 1.5}}, {fed(random_f32({2, 3, 4, 11}, 10, -3, 3))}, 16);
  return cases;
}

}  // namespace verge::testing
