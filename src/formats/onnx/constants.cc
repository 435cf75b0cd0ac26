// Values that the file describes rather than computes: constants, fills, ranges, shapes.
#include <cmath>
#include <limits>

#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kFixSizes = "give sizes to the symbolic dimensions (--dim NAME=SIZE), or export the model with fixed shapes";

Result<void> constant(NodeContext& c) {
  if (const pb::TensorProto* t = c.tensor("value")) {
    auto tensor = tensor_from_proto(*t, c.base_dir());
    if (!tensor.ok()) return tensor.error().code() == Code::kUnsupported ? c.refuse(tensor.error().message()) : std::move(tensor).error();
    return c.finish(c.constant(*std::move(tensor)));
  }
  if (c.has_attr("value_float")) return c.finish(c.constant(Tensor::scalar(static_cast<float>(c.real("value_float", 0)))));
  if (c.has_attr("value_int")) return c.finish(c.constant(Tensor::scalar(c.integer("value_int", 0))));
  if (c.has_attr("value_ints")) return c.finish(c.integers_constant(c.integers("value_ints")));
  if (c.has_attr("value_floats")) {
    const std::vector<double> values = c.reals("value_floats");
    return c.finish(c.constant(Tensor::of<float>({static_cast<int32_t>(values.size())}, std::vector<float>(values.begin(), values.end()))));
  }
  return c.refuse("its value is a text, sparse or absent");
}

// An expand of one element: computed at once where the shape allows, a node where it would be too large.
Result<void> constant_of_shape(NodeContext& c) {
  VERGE_TRY(const std::vector<int64_t> shape, c.ints(0, "shape"));
  for (int64_t n : shape)
    if (n < 0 || n > std::numeric_limits<int32_t>::max()) return c.damaged("its shape has a dimension of " + std::to_string(n));
  Tensor value = Tensor::scalar(0.0f);
  if (const pb::TensorProto* t = c.tensor("value")) {
    auto tensor = tensor_from_proto(*t, c.base_dir());
    if (!tensor.ok()) return tensor.error().code() == Code::kUnsupported ? c.refuse(tensor.error().message()) : std::move(tensor).error();
    if (tensor->count() != 1) return c.damaged("its value has " + std::to_string(tensor->count()) + " elements, wants 1");
    value = tensor->reshaped(Shape{});
  }
  return c.finish(c.add("expand", {c.constant(std::move(value), "value")}, {{"shape", shape}}));
}

Result<void> range(NodeContext& c) {
  VERGE_TRY(const double start, c.number(0, "start"));
  VERGE_TRY(const double limit, c.number(1, "limit"));
  VERGE_TRY(const double delta, c.number(2, "delta"));
  const double count = std::max(0.0, std::ceil((limit - start) / delta));
  constexpr double kMost = 1 << 24;
  if (!(count <= kMost)) return c.refuse("a range of " + std::to_string(count) + " elements is not supported");
  VERGE_CHECK(c.reserve(count));
  Tensor steps(DataType::kF64, {static_cast<int32_t>(count)});
  for (size_t i = 0; i < steps.mut<double>().size(); ++i) steps.mut<double>()[i] = static_cast<double>(i);
  const ValueId way = c.add("mul", {c.constant(cast_tensor(steps, c.type(size_t{0}).dtype)), c.in(2)});
  return c.finish(c.add("add", {way, c.in(0)}));
}

Result<void> eye_like(NodeContext& c) {
  if (!c.type(size_t{0}).is_static() || c.type(size_t{0}).rank() != 2) return c.refuse("its input is no matrix of known size", kFixSizes);
  const auto type = static_cast<int32_t>(c.integer("dtype", dtype_to_onnx(c.type(size_t{0}).dtype)));
  const DataType dtype = dtype_from_onnx(type);
  const Shape shape = c.type(size_t{0}).shape();
  constexpr int64_t kMost = 1 << 24;
  if (dtype == DataType::kNone || shape.count() > kMost) return c.refuse("a matrix of " + c.type(size_t{0}).text() + " and " + onnx_type_name(type) + " is not supported");
  VERGE_CHECK(c.reserve(static_cast<double>(shape.count())));
  Tensor ones(DataType::kF32, shape);
  const int64_t k = c.integer("k", 0);
  for (int64_t r = 0; r < shape[0]; ++r)
    if (k >= -r && k < shape[1] - r) ones.mut<float>()[r * shape[1] + r + k] = 1;
  return c.finish(c.constant(cast_tensor(ones, dtype)));
}

// Since opset 15 a part of the shape can be asked for.
Result<void> shape(NodeContext& c) {
  const ValueId all = c.add("shape", {c.in(0)});
  if (!c.has_attr("start") && !c.has_attr("end")) return c.finish(all);
  const Attrs part = {{"starts", std::vector<int64_t>{c.integer("start", 0)}},
                      {"ends", std::vector<int64_t>{c.integer("end", std::numeric_limits<int64_t>::max())}},
                      {"axes", std::vector<int64_t>{0}},
                      {"steps", std::vector<int64_t>{1}}};
  return c.finish(c.add("slice", {all}, part));
}

Result<void> size(NodeContext& c) {
  const ValueId product = c.add("reduce_prod", {c.add("shape", {c.in(0)})}, {{"axes", std::vector<int64_t>{0}}, {"keepdims", int64_t{0}}});
  return c.finish(product);
}

constexpr Row kRows[] = {
    {"Constant", 1, kNewest, constant},
    {"ConstantOfShape", 9, kNewest, constant_of_shape},
    {"EyeLike", 9, kNewest, eye_like},
    {"Range", 11, kNewest, range},
    {"Shape", 1, kNewest, shape},
    {"Size", 1, kNewest, size},
};

}  // namespace

std::span<const Row> constant_rows() { return kRows; }

}  // namespace verge::formats::onnx
