// Boxes with their names on a picture.
#pragma once
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "ir/tensor.h"
#include "pipeline/detect.h"
#include "pipeline/points.h"

namespace verge::video {

using Colour = std::array<uint8_t, 3>;

// `picture` is u8[height, width, 3], RGB, and the caller's alone. Boxes in pixels, cut off at the edges; "name 0.87" above each, a colour for each class.
void draw_detections(Tensor& picture, const std::vector<Detection>& found, const std::function<std::string(int label)>& name);

// Points in pixels as discs, a colour for each.
void draw_points(Tensor& picture, const std::vector<Keypoint>& points);
// Half of each pixel's colour becomes its class's; class 0 and what is below stay. `classes` is i32[height, width].
void draw_classes(Tensor& picture, const Tensor& classes);

// Letters of strokes: capitals are six units high, each letter takes six. (left, top) in pixels is the corner of the first letter. ASCII; other characters are "?".
void draw_text(Tensor& picture, const std::string& text, double left, double top, double unit, Colour colour);
// Words in a corner of the picture, readable on any ground.
void draw_caption(Tensor& picture, const std::string& text);

}  // namespace verge::video
