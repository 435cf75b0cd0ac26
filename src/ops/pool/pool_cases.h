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

}  // namespace verge::testing
