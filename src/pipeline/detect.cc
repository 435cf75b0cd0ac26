#include "pipeline/detect.h"

#include <algorithm>
#include <set>

#include "base/integers.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

using Ints = std::vector<int64_t>;
using Anchors = std::vector<std::array<float, 4>>;

constexpr int kBoxNumbers = 4;

class Decoder {
 public:
  Decoder(const DetectionSteps& steps, const std::vector<TensorType>& outputs, const ImageInput& input) : steps_(steps), outputs_(outputs), input_(input) {}

  Result<Graph> run() {
    switch (steps_.form) {
      case BoxForm::kYolox:
      case BoxForm::kYolov5:
      case BoxForm::kYolov8: VERGE_CHECK(yolo()); break;
      case BoxForm::kCorners: VERGE_CHECK(corners()); break;
      case BoxForm::kSsd: VERGE_CHECK(ssd()); break;
      case BoxForm::kDetected: return internal("the model decodes its boxes itself");
    }
    VERGE_CHECK(suppress());
    VERGE_CHECK(ops::infer_types(graph_), "post-processing");
    return std::move(graph_);
  }

 private:
  ValueId add(const std::string& op, std::vector<ValueId> in, Attrs attrs = {}) {
    const NodeId id = graph_.add_node({op, std::move(in), std::move(attrs), op});
    const ValueId out = graph_.node(id).output();
    (void)ops::infer_node(graph_, graph_.node(id));
    return out;
  }
  ValueId picked(ValueId x, const Ints& columns) {
    return add("gather", {x, graph_.add_constant(Tensor::of<int64_t>({static_cast<int32_t>(columns.size())}, columns))}, {{"axis", int64_t{2}}});
  }
  ValueId sliced(ValueId x, int64_t from, int64_t to) {
    return add("slice", {x}, {{"starts", Ints{from}}, {"ends", Ints{to}}, {"steps", Ints{1}}, {"axes", Ints{2}}});
  }

  // An output as f32[1,n,columns].
  Result<ValueId> output(int index, int columns) {
    if (static_cast<size_t>(index) >= outputs_.size()) return invalid("detections: output " + std::to_string(index) + " is wanted, the model has " + std::to_string(outputs_.size()));
    const TensorType& type = outputs_[static_cast<size_t>(index)];
    const bool fits = type.is_static() && type.rank() == 3 && type.dims[0].size == 1 && type.dims[steps_.form == BoxForm::kYolov8 ? 1 : 2].size >= columns;
    if (!fits) return invalid("detections: output " + std::to_string(index) + " is " + type.text() + ", this form wants " + (steps_.form == BoxForm::kYolov8 ? "[1,columns,n]" : "[1,n,columns]") +
                              " with at least " + std::to_string(columns) + " columns");
    const ValueId in = graph_.add_input("output" + std::to_string(index), type);
    return type.dtype == DataType::kF32 ? in : add(type.quantized() ? "dequantize" : "cast", {in}, type.quantized() ? Attrs{} : Attrs{{"to", std::string("f32")}});
  }

  // x, y, w, h[, objectness], classes.
  Result<void> yolo() {
    const bool objectness = steps_.form != BoxForm::kYolov8;
    const int first = kBoxNumbers + (objectness ? 1 : 0);
    VERGE_TRY(ValueId raw, output(steps_.boxes, first + 1));
    if (!objectness) raw = add("transpose", {raw}, {{"perm", Ints{0, 2, 1}}});
    const int64_t columns = graph_.type(raw).dims[2].size, n = graph_.type(raw).dims[1].size;
    boxes_ = picked(raw, {1, 0, 3, 2});
    scores_ = sliced(raw, first, columns);
    if (objectness) scores_ = add("mul", {scores_, sliced(raw, kBoxNumbers, first)});
    if (steps_.form == BoxForm::kYolox) return grid(n);
    const float h = steps_.pixels ? 1.0f / static_cast<float>(input_.height) : 1, w = steps_.pixels ? 1.0f / static_cast<float>(input_.width) : 1;
    anchors_.assign(static_cast<size_t>(n), {0, 0, h, w});
    return done();
  }

  // Cells of every stride, row by row: offsets in cells, sizes as exponents.
  Result<void> grid(int64_t n) {
    for (const int s : steps_.strides)
      for (int y = 0; y < input_.height / s; ++y)
        for (int x = 0; x < input_.width / s; ++x) {
          const auto high = static_cast<float>(input_.height), wide = static_cast<float>(input_.width), stride = static_cast<float>(s);
          anchors_.push_back({static_cast<float>(y) * stride / high, static_cast<float>(x) * stride / wide, stride / high, stride / wide});
        }
    exponent_ = true;
    if (static_cast<int64_t>(anchors_.size()) == n) return done();
    return invalid("detections: the model has " + std::to_string(n) + " boxes, the strides give " + std::to_string(anchors_.size()));
  }

  // x1, y1, x2, y2.
  Result<void> corners() {
    VERGE_TRY(const ValueId raw, output(steps_.boxes, kBoxNumbers));
    VERGE_TRY(scores_, output(steps_.scores, 1));
    const ValueId low = picked(raw, {1, 0}), high = picked(raw, {3, 2});
    const ValueId half = graph_.add_constant(Tensor::scalar<float>(0.5f));
    boxes_ = add("concat", {add("mul", {add("add", {low, high}), half}), add("sub", {high, low})}, {{"axis", int64_t{2}}});
    anchors_.assign(static_cast<size_t>(graph_.type(raw).dims[1].size), {0, 0, 1, 1});
    return done();
  }

  Result<void> ssd() {
    VERGE_TRY(boxes_, output(steps_.boxes, kBoxNumbers));
    VERGE_TRY(scores_, output(steps_.scores, 1));
    anchors_ = steps_.anchors;
    exponent_ = true;
    scales_ = steps_.scales;
    const int64_t n = graph_.type(boxes_).dims[1].size;
    if (static_cast<int64_t>(anchors_.size()) == n) return done();
    return invalid("detections: the model has " + std::to_string(n) + " boxes, the declaration " + std::to_string(anchors_.size()) + " anchors");
  }

  Result<void> suppress() {
    const auto n = static_cast<int32_t>(anchors_.size());
    std::vector<float> numbers;
    for (const auto& a : anchors_) numbers.insert(numbers.end(), a.begin(), a.end());
    const int64_t columns = graph_.type(scores_).dims[2].size, classes = columns - (steps_.background ? 1 : 0);
    if (classes < 1) return invalid("detections: no class is left beside the background");
    const auto real = [](float v) { return static_cast<double>(v); };
    const NodeId id = graph_.add_node({"detections",
                                       {boxes_, scores_, graph_.add_constant(Tensor::of<float>({n, kBoxNumbers}, numbers))},
                                       {{"y_scale", real(scales_[0])},
                                        {"x_scale", real(scales_[1])},
                                        {"h_scale", exponent_ ? real(scales_[2]) : 0.0},
                                        {"w_scale", exponent_ ? real(scales_[3]) : 0.0},
                                        {"score_threshold", real(steps_.score)},
                                        {"iou_threshold", real(steps_.iou)},
                                        {"most", int64_t{steps_.most}},
                                        {"classes", classes},
                                        {"per_class", int64_t{1}},
                                        {"boxes_per_class", int64_t{steps_.most}}},
                                       "detections",
                                       4});
    for (const char* name : {"boxes", "classes", "scores", "count"}) graph_.add_output(graph_.node(id).output(graph_.outputs().size()), name);
    return done();
  }

  const DetectionSteps& steps_;
  const std::vector<TensorType>& outputs_;
  const ImageInput& input_;
  Graph graph_;
  ValueId boxes_, scores_;
  Anchors anchors_;
  bool exponent_ = false;
  std::array<float, 4> scales_ = {1, 1, 1, 1};
};

TensorType type_of(const TensorView& view) {
  TensorType type(view.dtype, view.shape);
  if (view.quant.count) type.quant = {{view.quant.scale[0]}, {view.quant.zero_point[0]}, -1};
  return type;
}

}  // namespace

Result<Graph> detection_graph(const DetectionSteps& steps, const std::vector<TensorType>& outputs, const ImageInput& input) { return Decoder(steps, outputs, input).run(); }

Result<Detector> Detector::create(const DetectionSteps& steps, std::span<const TensorView> outputs, const ImageInput& input) {
  Detector out;
  if (steps.form == BoxForm::kDetected) {
    if (outputs.size() < 4) return invalid("detections: form detected wants four outputs (boxes, classes, scores, count), the model has " + std::to_string(outputs.size()));
    out.least_score_ = static_cast<double>(steps.score);
    return out;
  }
  std::vector<TensorType> types;
  for (const TensorView& view : outputs) types.push_back(type_of(view));
  VERGE_TRY(Graph graph, detection_graph(steps, types, input));
  for (const ValueId v : graph.inputs()) out.reads_.push_back(static_cast<size_t>(std::stoi(graph.value(v).name.substr(6))));
  VERGE_CHECK(passes::prepare(graph), "post-processing");
  VERGE_TRY(const Lowered lowered, lower(graph), "post-processing");
  VERGE_TRY(Executable program, Executable::open(lowered.program), "post-processing");
  out.program_ = std::make_shared<Executable>(std::move(program));
  return out;
}

Result<std::vector<Detection>> Detector::run(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> found(outputs.begin(), outputs.begin() + std::min<long>(4, static_cast<long>(outputs.size())));
  if (program_) {
    std::vector<Tensor> in;
    for (const size_t i : reads_) in.push_back(outputs[i]);
    VERGE_TRY(found, program_->run(in));
  }
  for (const Tensor& t : found)
    if (t.dtype() != DataType::kF32) return unsupported("detections: an output is " + std::string(dtype_name(t.dtype())) + ", wants f32");
  const auto count = std::min<int64_t>(to_integer<int64_t>(found[3].at(0)), found[2].count());
  if (count * kBoxNumbers > found[0].count() || count > found[1].count()) return invalid("detections: the model's outputs do not fit each other");
  std::vector<Detection> out;
  for (int64_t i = 0; i < count; ++i)
    if (found[2].at(i) >= least_score_)
      out.push_back({found[0].at(4 * i), found[0].at(4 * i + 1), found[0].at(4 * i + 2), found[0].at(4 * i + 3), to_integer<int>(found[1].at(i)), found[2].at(i)});
  return out;
}

Detection in_picture(const Detection& d, const Window& w, int height, int width) {
  Detection out = d;
  out.top = std::clamp(w.top + d.top * w.height, 0.0, static_cast<double>(height));
  out.bottom = std::clamp(w.top + d.bottom * w.height, 0.0, static_cast<double>(height));
  out.left = std::clamp(w.left + d.left * w.width, 0.0, static_cast<double>(width));
  out.right = std::clamp(w.left + d.right * w.width, 0.0, static_cast<double>(width));
  return out;
}

}  // namespace verge
