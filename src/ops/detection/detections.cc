// boxes [1, d, 4] (top, left, bottom, right), classes [1, d], scores [1, d], count [1] = what a single-shot detector found, f32 throughout.
//
//   in: boxes [1, n, 4 or more] (y, x, h, w against their anchors), scores [1, n, classes, or one more with the background first], anchors [n, 4] (y, x, h, w)
//   centre = box / scale * anchor size + anchor centre;  size = exp(box / scale) * anchor size, or box * anchor size where h_scale and w_scale are 0
//
// Boxes whose score reaches `score_threshold`, best first (the lower index of equals), less those that overlap a better one by more than `iou_threshold` of
// intersection over union. By default a box has the score of its best class, and each of the first `most` shows its `classes_per_box` best; d is their
// product. With per_class = 1 each class is looked at by itself, at most `boxes_per_class` of it, and the best `most` of all are shown. What is not used is 0.
// This is TensorFlow Lite's TFLite_Detection_PostProcess.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/detection/detections_attrs.h"
#include "ops/op.h"
#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

exec::DetectionsAttrs attrs_of(const Node& node) {
  exec::DetectionsAttrs a;
  const auto real = [&](const char* name, double otherwise) { return static_cast<float>(node.real(name, otherwise)); };
  a.y_scale = real("y_scale", 1), a.x_scale = real("x_scale", 1), a.h_scale = real("h_scale", 1), a.w_scale = real("w_scale", 1);
  a.score_threshold = real("score_threshold", 0), a.iou_threshold = real("iou_threshold", 0.5);
  a.most = static_cast<int32_t>(node.integer("most"));
  a.classes = static_cast<int32_t>(node.integer("classes"));
  a.classes_per_box = static_cast<int32_t>(node.integer("classes_per_box", 1));
  a.boxes_per_class = static_cast<int32_t>(node.integer("boxes_per_class", 100));
  a.per_class = node.integer("per_class") != 0;
  return a;
}

Result<void> infer(InferContext& c) {
  constexpr int64_t kMost = 1 << 16;
  for (const char* name : {"most", "classes", "classes_per_box", "boxes_per_class"})
    if (const int64_t n = c.node.integer(name, 1); n < 1 || n > kMost) return invalid(std::string(name) + " is " + std::to_string(n) + ", wants 1 to " + std::to_string(kMost));
  const TensorType &boxes = c.in(0), &scores = c.in(1), &anchors = c.in(2);
  const int64_t classes = c.node.integer("classes"), shown = c.node.integer("most") * c.node.integer("classes_per_box", 1);
  if (boxes.is_static() && scores.is_static() && anchors.is_static()) {
    if (boxes.rank() != 3 || boxes.dims[0].size != 1 || boxes.dims[2].size < 4) return invalid("boxes are " + boxes.text() + ", want [1, n, 4]");
    const int64_t n = boxes.dims[1].size, columns = scores.rank() == 3 ? scores.dims[2].size : -1;
    if (columns < classes || columns > classes + 1 || scores.dims[0].size != 1 || scores.dims[1].size != n)
      return invalid("scores are " + scores.text() + " for boxes " + boxes.text() + " of " + std::to_string(classes) + " classes");
    if (anchors.rank() != 2 || anchors.dims[0].size != n || anchors.dims[1].size != 4) return invalid("anchors are " + anchors.text() + ", want [" + std::to_string(n) + ", 4]");
  }
  const std::vector<std::vector<Dim>> dims = {{1, shown, 4}, {1, shown}, {1, shown}, {1}};
  for (size_t i = 0; i < dims.size(); ++i) c.out[i] = TensorType(DataType::kF32, dims[i]);
  return done();
}

struct Box {
  double top, left, bottom, right;
};

Box box_of(const exec::DetectionsAttrs& a, const float* box, const float* anchor) {
  const auto f = [](double v) { return static_cast<float>(v); };
  const float y = f(double{box[0]} / double{a.y_scale} * double{anchor[2]} + double{anchor[0]}), x = f(double{box[1]} / double{a.x_scale} * double{anchor[3]} + double{anchor[1]});
  const auto size = [](float v, float scale) { return scale == 0 ? double{v} : std::exp(double{v} / double{scale}); };
  const float h = f(0.5 * size(box[2], a.h_scale) * double{anchor[2]}), w = f(0.5 * size(box[3], a.w_scale) * double{anchor[3]});
  return {y - h, x - w, y + h, x + w};
}

double overlap(const Box& a, const Box& b) {
  const double area_a = (a.bottom - a.top) * (a.right - a.left), area_b = (b.bottom - b.top) * (b.right - b.left);
  if (area_a <= 0 || area_b <= 0) return 0;
  const double both = std::max(std::min(a.bottom, b.bottom) - std::max(a.top, b.top), 0.0) * std::max(std::min(a.right, b.right) - std::max(a.left, b.left), 0.0);
  return both / (area_a + area_b - both);
}

std::vector<size_t> descending(const std::vector<float>& scores) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return scores[i] > scores[j]; });
  return order;
}

std::vector<size_t> suppressed(const exec::DetectionsAttrs& a, const std::vector<Box>& boxes, const std::vector<float>& scores, size_t most) {
  std::vector<size_t> kept;
  for (size_t i : descending(scores)) {
    if (scores[i] < a.score_threshold || kept.size() == most) continue;
    if (std::all_of(kept.begin(), kept.end(), [&](size_t k) { return overlap(boxes[k], boxes[i]) <= a.iou_threshold; })) kept.push_back(i);
  }
  return kept;
}

struct Detection {
  size_t box, label;
  float score;
};

Result<void> reference(ReferenceContext& c) {
  const exec::DetectionsAttrs a = attrs_of(c.node);
  const auto n = static_cast<size_t>(c.in[0].shape()[1]), width = static_cast<size_t>(c.in[0].shape()[2]), columns = static_cast<size_t>(c.in[1].shape()[2]);
  const auto classes = static_cast<size_t>(a.classes), most = static_cast<size_t>(a.most);
  const auto score = [&](size_t box, size_t label) { return c.in[1].values<float>()[box * columns + columns - classes + label]; };
  std::vector<Box> boxes;
  for (size_t i = 0; i < n; ++i) boxes.push_back(box_of(a, &c.in[0].values<float>()[i * width], &c.in[2].values<float>()[4 * i]));
  std::vector<Detection> found;
  std::vector<float> scores(n);
  size_t count = 0;
  if (a.per_class) {
    for (size_t label = 0; label < classes; ++label) {
      for (size_t i = 0; i < n; ++i) scores[i] = score(i, label);
      for (size_t i : suppressed(a, boxes, scores, std::min(most, static_cast<size_t>(a.boxes_per_class)))) found.push_back({i, label, scores[i]});
    }
    std::stable_sort(found.begin(), found.end(), [](const Detection& x, const Detection& y) { return x.score > y.score; });
    found.resize(count = std::min(found.size(), most));
  } else {
    const auto row = [&](size_t i) {
      std::vector<float> all;
      for (size_t label = 0; label < classes; ++label) all.push_back(score(i, label));
      return all;
    };
    for (size_t i = 0; i < n; ++i) scores[i] = row(i)[descending(row(i))[0]];
    for (size_t i : suppressed(a, boxes, scores, most)) {
      const std::vector<size_t> best = descending(row(i));
      for (size_t k = 0; k < static_cast<size_t>(a.classes_per_box); ++k) found.push_back(k < classes ? Detection{i, best[k], score(i, best[k])} : Detection{n, 0, 0});
      ++count;
    }
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].box == n) continue;
    const Box& b = boxes[found[i].box];
    const double corners[] = {b.top, b.left, b.bottom, b.right};
    for (size_t k = 0; k < 4; ++k) c.out[0].mut<float>()[4 * i + k] = static_cast<float>(corners[k]);
    c.out[1].mut<float>()[i] = static_cast<float>(found[i].label);
    c.out[2].mut<float>()[i] = found[i].score;
  }
  c.out[3].mut<float>()[0] = static_cast<float>(count);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  for (size_t i = 0; i < 3; ++i)
    if (emitter.graph().type(node.input(i)).dtype != DataType::kF32) return unsupported("input " + std::to_string(i) + " is " + emitter.graph().type(node.input(i)).text() + ", wants f32");
  const exec::DetectionsAttrs attrs = attrs_of(node);
  const auto n = static_cast<size_t>(emitter.graph().type(node.input(0)).shape()[1]);
  std::vector<TensorRef> in, out;
  for (ValueId v : node.inputs) in.push_back(emitter.tensor(v));
  for (ValueId v : node.outputs) out.push_back(emitter.tensor(v));
  emitter.emit(exec::Op::detections, std::move(in), std::move(out), attrs, emitter.scratch(exec::detections_scratch_bytes(n, static_cast<size_t>(attrs.most))));
  return done();
}

}  // namespace

VERGE_OP_METHODS(detections) = {.infer = infer, .reference = reference, .lower = lower};

}  // namespace verge::ops
