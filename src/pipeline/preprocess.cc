#include "pipeline/preprocess.h"

#include <algorithm>

#include "core/text.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

using Ints = std::vector<int64_t>;

// Appends the steps one after the other; `value` is what the last one made.
class Steps {
 public:
  Steps(int height, int width) { value_ = graph_.add_input("picture", TensorType(DataType::kU8, Shape{1, height, width, 3})); }
  void step(const std::string& op, Attrs attrs, std::vector<ValueId> more = {}) {
    more.insert(more.begin(), value_);
    const NodeId id = graph_.add_node({op, std::move(more), std::move(attrs), op});
    value_ = graph_.node(id).output();
  }
  ValueId constant(const std::vector<float>& values) {
    return graph_.add_constant(Tensor::of<float>({1, 1, 1, static_cast<int32_t>(values.size())}, values));
  }
  Graph& graph() { return graph_; }
  ValueId value() const { return value_; }

 private:
  Graph graph_;
  ValueId value_;
};

struct Rectangle {
  int top = 0, left = 0, height = 0, width = 0;
};

// The window of the picture that keeps the target's proportions.
Rectangle cropped(int height, int width, const ImageInput& to) {
  const int h = std::min<int64_t>(height, static_cast<int64_t>(width) * to.height / to.width);
  const int w = std::min<int64_t>(width, static_cast<int64_t>(height) * to.width / to.height);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

// Where the whole picture lies in the target.
Rectangle letterboxed(const Declaration& d, int height, int width, const ImageInput& to) {
  const double scale = std::min(static_cast<double>(to.height) / height, static_cast<double>(to.width) / width);
  const int h = std::clamp(static_cast<int>(height * scale + 0.5), 1, to.height), w = std::clamp(static_cast<int>(width * scale + 0.5), 1, to.width);
  if (d.place == Corner::kTopLeft) return {0, 0, h, w};
  return {(to.height - h) / 2, (to.width - w) / 2, h, w};
}

void add_crop(Steps& steps, int& height, int& width, const ImageInput& to) {
  const Rectangle r = cropped(height, width, to);
  steps.step("slice", {{"starts", Ints{r.top, r.left}}, {"ends", Ints{r.top + r.height, r.left + r.width}}, {"steps", Ints{1, 1}}, {"axes", Ints{1, 2}}});
  height = r.height;
  width = r.width;
}

void add_resize(Steps& steps, const Declaration& d, int height, int width, int to_height, int to_width) {
  if (height == to_height && width == to_width) return;
  const char* mode = d.resize == ResizeMode::kNearest ? "nearest" : d.resize == ResizeMode::kArea ? "area" : "linear";
  steps.step("resize", {{"sizes", Ints{1, to_height, to_width, 3}},
                        {"mode", std::string(mode)},
                        {"coordinate", std::string("half_pixel")},
                        {"nearest_mode", std::string("floor")},
                        {"antialias", static_cast<int64_t>(d.antialias && d.resize == ResizeMode::kBilinear)}});
}

void add_letterbox(Steps& steps, const Declaration& d, int height, int width, const ImageInput& to) {
  const Rectangle r = letterboxed(d, height, width, to);
  add_resize(steps, d, height, width, r.height, r.width);
  if (r.height == to.height && r.width == to.width) return;
  // Rows of whole lines, not of single pixels.
  const int64_t line = int64_t{3} * to.width;
  steps.step("reshape", {{"shape", Ints{1, r.height, int64_t{3} * r.width}}});
  steps.step("pad", {{"mode", std::string("constant")},
                     {"pads", Ints{0, r.top, int64_t{3} * r.left, 0, to.height - r.height - r.top, line - int64_t{3} * (r.width + r.left)}},
                     {"value", static_cast<double>(d.fill)}});
  steps.step("reshape", {{"shape", Ints{1, to.height, to.width, 3}}});
}

// ITU-R BT.601 luma.
void add_luma(Steps& steps) {
  const ValueId weights = steps.graph().add_constant(Tensor::of<float>({1, 1, 1, 3}, std::vector<float>{0.299f, 0.587f, 0.114f}));
  steps.step("conv", {{"layout", std::string("nhwc")}, {"strides", Ints{1, 1}}, {"dilations", Ints{1, 1}}, {"pads", Ints{0, 0, 0, 0}}, {"groups", int64_t{1}}}, {weights});
}

void add_reversed_channels(Steps& steps, int64_t axis) {
  const ValueId order = steps.graph().add_constant(Tensor::of<int64_t>({3}, Ints{2, 1, 0}));
  steps.step("gather", {{"axis", axis}}, {order});
}

// Mean and deviation in the order of the pixels at hand: of RGB still, where BGR is made after.
void add_normalization(Steps& steps, const Declaration& d, int channels, bool reversed) {
  std::vector<float> mean(d.mean.begin(), d.mean.begin() + channels), scale;
  for (int c = 0; c < channels; ++c) scale.push_back(1.0f / d.std[c]);
  if (reversed) std::reverse(mean.begin(), mean.end()), std::reverse(scale.begin(), scale.end());
  if (std::any_of(mean.begin(), mean.end(), [](float m) { return m != 0; })) steps.step("sub", {}, {steps.constant(mean)});
  if (std::any_of(scale.begin(), scale.end(), [](float s) { return s != 1; })) steps.step("mul", {}, {steps.constant(scale)});
}

// Colour order, normalisation and layout. Whole planes change places faster than channels of pixels do.
void add_channels(Steps& steps, const Declaration& d, const ImageInput& to) {
  const bool bgr = to.channels == 3 && d.color == ColorOrder::kBgr;
  if (to.channels == 1) add_luma(steps);
  add_normalization(steps, d, to.channels, bgr);
  if (to.nchw) steps.step("transpose", {{"perm", Ints{0, 3, 1, 2}}});
  if (bgr) add_reversed_channels(steps, to.nchw ? 1 : 3);
}

void add_type(Steps& steps, const ImageInput& to) {
  if (to.dtype == DataType::kF32) return;
  if (to.quant.empty()) return steps.step("cast", {{"to", std::string(dtype_name(to.dtype))}});
  steps.step("quantize", {});
  Value& value = steps.graph().value(steps.value());
  value.type.dtype = to.dtype;
  value.type.quant = to.quant;
}

}  // namespace

Result<ImageInput> image_input(const TensorView& input, const Declaration& d) {
  ImageInput out;
  out.dtype = input.dtype;
  out.shape = input.shape;
  if (input.quant.count) out.quant = {{input.quant.scale[0]}, {input.quant.zero_point[0]}, -1};
  const int r = input.shape.rank;
  const auto channels = [](int32_t n) { return n == 1 || n == 3; };
  const std::string found = bracketed(std::vector<int>(input.shape.dim, input.shape.dim + r));
  if (r != 3 && !(r == 4 && input.shape[0] == 1)) return invalid("the input has shape " + found + "; a picture needs [1,3,h,w], [1,h,w,3] or the like");
  const int32_t first = input.shape[r - 3], last = input.shape[r - 1];
  out.nchw = d.layout == Layout::kNchw || (d.layout == Layout::kByShape && channels(first) && !channels(last));
  out.channels = out.nchw ? first : last;
  out.height = out.nchw ? input.shape[r - 2] : first;
  out.width = out.nchw ? last : input.shape[r - 2];
  if (!channels(out.channels)) return invalid("the input has shape " + found + ": " + std::to_string(out.channels) + " channels, a picture has 1 or 3");
  return out;
}

Window window_of(const Declaration& d, const ImageInput& to, int height, int width) {
  if (d.fit == Fit::kStretch) return {0, 0, static_cast<double>(height), static_cast<double>(width)};
  if (d.fit == Fit::kCrop) {
    const Rectangle r = cropped(height, width, to);
    return {static_cast<double>(r.top), static_cast<double>(r.left), static_cast<double>(r.height), static_cast<double>(r.width)};
  }
  const Rectangle r = letterboxed(d, height, width, to);
  const double tall = static_cast<double>(height) / r.height, wide = static_cast<double>(width) / r.width;
  return {-r.top * tall, -r.left * wide, to.height * tall, to.width * wide};
}

Result<Graph> preprocess_graph(const Declaration& d, const ImageInput& to, int height, int width) {
  Steps steps(height, width);
  if (d.fit == Fit::kCrop) add_crop(steps, height, width, to);
  steps.step("cast", {{"to", std::string("f32")}});
  if (d.fit == Fit::kLetterbox) {
    add_letterbox(steps, d, height, width, to);
  } else {
    add_resize(steps, d, height, width, to.height, to.width);
  }
  add_channels(steps, d, to);
  add_type(steps, to);
  Ints shape(to.shape.dim, to.shape.dim + to.shape.rank);
  steps.step("reshape", {{"shape", shape}});
  steps.graph().add_output(steps.value(), "input");
  VERGE_CHECK(ops::infer_types(steps.graph()), "pre-processing");
  return steps.graph();
}

Result<Preprocessor> Preprocessor::create(const Declaration& declaration, const TensorView& input) {
  Preprocessor out;
  out.declaration_ = declaration;
  VERGE_TRY(out.input_, image_input(input, declaration));
  return out;
}

Result<Tensor> Preprocessor::run(const Tensor& picture) {
  if (picture.dtype() != DataType::kU8 || picture.shape().rank != 3 || picture.shape()[2] != 3) return internal("a picture must be u8[height,width,3]");
  std::shared_ptr<Executable>& program = programs_[{picture.shape()[0], picture.shape()[1]}];
  if (!program) {
    VERGE_TRY(Graph graph, preprocess_graph(declaration_, input_, picture.shape()[0], picture.shape()[1]));
    VERGE_CHECK(passes::prepare(graph), "pre-processing");
    VERGE_TRY(const Lowered lowered, lower(graph), "pre-processing");
    VERGE_TRY(Executable executable, Executable::open(lowered.program), "pre-processing");
    program = std::make_shared<Executable>(std::move(executable));
  }
  const Tensor input = picture.reshaped({1, picture.shape()[0], picture.shape()[1], 3});
  VERGE_TRY(std::vector<Tensor> out, program->run(std::span(&input, 1)));
  return out[0];
}

}  // namespace verge
