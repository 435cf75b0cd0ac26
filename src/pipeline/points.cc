#include "pipeline/points.h"

#include <algorithm>
#include <cmath>

#include "base/integers.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

constexpr int kPointNumbers = 3;

Result<size_t> output_index(const char* what, int index, size_t count) {
  if (static_cast<size_t>(index) < count) return static_cast<size_t>(index);
  return invalid(std::string(what) + ": output " + std::to_string(index) + " is wanted, the model has " + std::to_string(count));
}

TensorType type_of(const TensorView& view) {
  TensorType type(view.dtype, view.shape);
  if (view.quant.count) type.quant = {{view.quant.scale[0]}, {view.quant.zero_point[0]}, -1};
  return type;
}

// The class of each cell, i32[rows, columns].
Result<Graph> class_graph(const TensorType& type, bool nchw, int rows, int columns) {
  Graph graph;
  ValueId value = graph.add_input("classes", type);
  const auto step = [&](const char* op, Attrs attrs) { value = graph.node(graph.add_node({op, {value}, std::move(attrs), op})).output(); };
  const bool scores = type.rank() == 4 && type.dims[nchw ? 1 : 3].size > 1;
  if (scores && type.quantized()) step("dequantize", {});
  if (scores) step("arg_max", {{"axis", int64_t{nchw ? 1 : 3}}, {"keepdims", int64_t{0}}});
  if (scores || type.dtype != DataType::kI32) step("cast", {{"to", std::string("i32")}});
  step("reshape", {{"shape", std::vector<int64_t>{rows, columns}}});
  graph.add_output(value, "classes");
  VERGE_CHECK(ops::infer_types(graph), "post-processing");
  return graph;
}

// The cell at a place of the picture; -1 beside the input.
int cell_at(double offset, double size, int pixel, int cells) {
  const double at = std::floor((pixel + 0.5 - offset) / size * cells);
  return at >= 0 && at < cells ? static_cast<int>(at) : -1;
}

}  // namespace

Result<std::vector<Keypoint>> keypoints_of(const KeypointSteps& steps, const std::vector<Tensor>& outputs) {
  VERGE_TRY(const size_t index, output_index("keypoints", steps.output, outputs.size()));
  const Tensor& t = outputs[index];
  if (t.dtype() != DataType::kF32 || t.shape().rank < 2 || t.shape().back(0) != kPointNumbers)
    return invalid("keypoints: output " + std::to_string(index) + " is " + TensorType(t.dtype(), t.shape()).text() + ", wants f32[...,n,3] of y, x and score");
  std::vector<Keypoint> out;
  for (int64_t i = 0; i + 2 < t.count(); i += kPointNumbers) out.push_back({t.at(i), t.at(i + 1), t.at(i + 2)});
  return out;
}

Keypoint in_picture(const Keypoint& p, const Window& w, int height, int width) {
  return {std::clamp(w.top + p.y * w.height, 0.0, static_cast<double>(height)), std::clamp(w.left + p.x * w.width, 0.0, static_cast<double>(width)), p.score};
}

Result<ClassMap> ClassMap::create(const ClassMapSteps& steps, std::span<const TensorView> outputs, const ImageInput& input) {
  ClassMap out;
  VERGE_TRY(out.output_, output_index("classes", steps.output, outputs.size()));
  const TensorType type = type_of(outputs[out.output_]);
  const bool fits = type.is_static() && (type.rank() == 3 || type.rank() == 4) && type.dims[0].size == 1;
  if (!fits) return invalid("classes: output " + std::to_string(out.output_) + " is " + type.text() + ", wants [1,h,w,classes], [1,classes,h,w] or [1,h,w]");
  const bool nchw = input.nchw && type.rank() == 4;
  const size_t first = nchw ? 2 : 1;
  out.rows_ = static_cast<int>(type.dims[first].size), out.columns_ = static_cast<int>(type.dims[first + 1].size);
  VERGE_TRY(Graph graph, class_graph(type, nchw, out.rows_, out.columns_));
  VERGE_CHECK(passes::prepare(graph), "post-processing");
  VERGE_TRY(const Lowered lowered, lower(graph), "post-processing");
  VERGE_TRY(Executable program, Executable::open(lowered.program), "post-processing");
  out.program_ = std::make_shared<Executable>(std::move(program));
  return out;
}

Result<Tensor> ClassMap::run(const std::vector<Tensor>& outputs, const Window& w, int height, int width) {
  const Tensor& scores = outputs[output_];
  VERGE_TRY(const std::vector<Tensor> cells, program_->run(std::span(&scores, 1)));
  Tensor out(DataType::kI32, {height, width});
  for (int y = 0; y < height; ++y) {
    const int row = cell_at(w.top, w.height, y, rows_);
    for (int x = 0; x < width; ++x) {
      const int column = cell_at(w.left, w.width, x, columns_);
      const bool inside = row >= 0 && column >= 0;
      out.mut<int32_t>()[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)] = inside ? cells[0].values<int32_t>()[static_cast<size_t>(row * columns_ + column)] : -1;
    }
  }
  return out;
}

}  // namespace verge
