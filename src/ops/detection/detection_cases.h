// Cases of detections that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline OpCase detections_case(const std::string& name, int32_t boxes, int32_t columns, Attrs attrs) {
  attrs.insert({{"y_scale", 10.0}, {"x_scale", 10.0}, {"h_scale", 5.0}, {"w_scale", 5.0}});
  return op_case("detections_" + name, "detections", std::move(attrs),
                 {fed(random_f32({1, boxes, 4}, 1, -3, 3)), fed(random_f32({1, boxes, columns}, 2, 0, 1)), constant(random_f32({boxes, 4}, 3, 0.1f, 0.6f))}, {{}, {}, {}, {}});
}

inline std::vector<OpCase> detection_cases() {
  const auto integer = [](int64_t n) { return Attr(n); };
  return {detections_case("plain_sizes", 60, 4, {{"most", integer(10)}, {"classes", integer(4)}, {"h_scale", 0.0}, {"w_scale", 0.0}, {"iou_threshold", 0.5}, {"score_threshold", 0.3}}),
          detections_case("best_class", 60, 4, {{"most", integer(10)}, {"classes", integer(4)}, {"iou_threshold", 0.5}, {"score_threshold", 0.3}}),
          detections_case("background", 60, 4, {{"most", integer(10)}, {"classes", integer(3)}, {"iou_threshold", 0.4}, {"score_threshold", 0.9}}),
          detections_case("two_classes_a_box", 40, 5, {{"most", integer(7)}, {"classes", integer(5)}, {"classes_per_box", integer(2)}, {"iou_threshold", 0.6}, {"score_threshold", 0.1}}),
          detections_case("by_class", 50, 4, {{"most", integer(12)}, {"classes", integer(3)}, {"per_class", integer(1)}, {"boxes_per_class", integer(6)}, {"iou_threshold", 0.3}, {"score_threshold", 0.2}}),
          detections_case("none_reaches_the_threshold", 30, 3, {{"most", integer(5)}, {"classes", integer(3)}, {"iou_threshold", 0.5}, {"score_threshold", 2.0}})};
}

}  // namespace verge::testing
