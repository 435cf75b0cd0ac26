// Boxes of a single-shot detector on the device: decoding against anchors and non-maximum suppression (ops/detection/detections.cc has the rule).
//
//   in: boxes f32 [1, n, 4 or more]: y, x, h, w   scores f32 [1, n, classes, or one more with the background first]   anchors f32 [n, 4]
//   out: boxes f32 [1, d, 4]   classes f32 [1, d]   scores f32 [1, d]   count f32 [1]
//   scratch: what detections_scratch_bytes says
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge::exec {

struct DetectionsAttrs {
  float y_scale = 1, x_scale = 1, h_scale = 1, w_scale = 1;  // h, w of 0: sizes are no exponents
  float score_threshold = 0, iou_threshold = 0;
  int32_t most = 0;             // detections
  int32_t classes = 0;
  int32_t classes_per_box = 1;  // in each of them; not with per_class
  int32_t boxes_per_class = 0;  // with per_class
  uint32_t per_class = 0;       // suppression within each class, instead of within the best class of each box
};

// Corners of n boxes, their order, what is suppressed; then the detections so far.
constexpr size_t detections_scratch_bytes(size_t n, size_t most) { return n * (4 + 1 + 1 + 1) * 4 + 2 * most * 3 * 4; }

}  // namespace verge::exec
