// Cases of resize that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline std::vector<OpCase> resize_cases() {
  using List = std::vector<int64_t>;
  struct Sizes {
    std::string name;
    Shape x;
    List sizes;
  };
  const Sizes sizes[] = {{"up", {2, 5, 7, 3}, {2, 10, 14, 3}}, {"down_wide", {1, 5, 7, 20}, {1, 3, 4, 20}}, {"nchw", {2, 3, 5, 7}, {2, 3, 8, 3}},
                         {"one_axis", {2, 3, 5, 7}, {2, 3, 5, 3}}, {"three_axes", {1, 4, 5, 7}, {1, 3, 8, 3}}};
  std::vector<OpCase> cases;
  const auto add = [&](const std::string& name, const Shape& x, const Attrs& attrs) {
    const QuantParams q = quant(0.1f, 3);
    cases.push_back(op_case("resize_f32_" + name, "resize", attrs, {fed(random_f32(x, 1))}, {{}}, 64));
    for (DataType dtype : {DataType::kI8, DataType::kU8})
      cases.push_back(op_case(std::string("resize_") + dtype_name(dtype) + "_" + name, "resize", attrs, {fed(random_bytes(dtype, x, 2, q))}, {{dtype, q}}));
  };
  for (const std::string mode : {"nearest", "linear", "cubic", "area"}) {
    for (const Sizes& s : sizes) add(mode + "_" + s.name, s.x, {{"mode", mode}, {"sizes", s.sizes}});
    for (const std::string coordinate : {"asymmetric", "align_corners", "pytorch_half_pixel", "tf_half_pixel_for_nn", "half_pixel_symmetric"})
      add(mode + "_" + coordinate, {1, 9, 7, 3}, {{"mode", mode}, {"coordinate", coordinate}, {"scales", std::vector<double>{1, 1.6, 0.6, 1}}});
  }
  for (const std::string mode : {"nearest", "linear"})
    add(mode + "_crop", {1, 9, 7, 3}, {{"mode", mode}, {"coordinate", std::string("crop")}, {"sizes", List{1, 5, 7, 3}}, {"crop", std::vector<double>{0, 0.2, 0.1, 0, 1, 0.7, 0.8, 1}}});
  for (const std::string mode : {"linear", "cubic"})
    for (int64_t exclude : {0, 1})
      add(mode + "_antialias_" + std::to_string(exclude), {1, 9, 7, 3}, {{"mode", mode}, {"sizes", List{1, 2, 3, 3}}, {"antialias", int64_t{1}}, {"exclude_outside", exclude}});
  return cases;
}

}  // namespace verge::testing
