#include "formats/onnx/shorthand.h"

namespace verge::formats::onnx {

ValueId sliced(NodeContext& c, ValueId x, int64_t axis, int64_t begin, int64_t end, int64_t step) {
  using List = std::vector<int64_t>;
  return c.add("slice", {x}, {{"starts", List{begin}}, {"ends", List{end}}, {"axes", List{axis}}, {"steps", List{step}}});
}

ValueId transposed(NodeContext& c, ValueId x, std::vector<int64_t> perm) { return c.add("transpose", {x}, {{"perm", std::move(perm)}}); }

ValueId shaped(NodeContext& c, ValueId x, std::vector<int64_t> shape) { return c.add("reshape", {x}, {{"shape", std::move(shape)}}); }

ValueId concatenated(NodeContext& c, std::vector<ValueId> parts, int64_t axis) { return parts.size() == 1 ? parts[0] : c.add("concat", std::move(parts), {{"axis", axis}}); }

ValueId cast(NodeContext& c, ValueId x, DataType to) { return c.type(x).dtype == to ? x : c.add("cast", {x}, {{"to", std::string(dtype_name(to))}}); }

ValueId as_f32(NodeContext& c, ValueId x) { return cast(c, x, DataType::kF32); }

ValueId reduced(NodeContext& c, const char* op, ValueId x, std::vector<int64_t> axes, bool keepdims) {
  return c.add(op, {x}, {{"axes", std::move(axes)}, {"keepdims", int64_t{keepdims}}});
}

ValueId expanded(NodeContext& c, ValueId x, std::vector<int64_t> shape) { return c.add("expand", {x}, {{"shape", std::move(shape)}}); }

ValueId reals(NodeContext& c, const std::vector<double>& values, const Shape& shape) {
  return c.constant(Tensor::of<float>(shape, std::vector<float>(values.begin(), values.end())));
}

ValueId integers(NodeContext& c, const std::vector<int64_t>& values, const Shape& shape) { return c.constant(Tensor::of<int64_t>(shape, values)); }

ValueId bools(NodeContext& c, const std::vector<bool>& values, const Shape& shape) {
  Tensor t(DataType::kBool, shape);
  for (size_t i = 0; i < values.size(); ++i) t.data()[i] = values[i];
  return c.constant(std::move(t));
}

Result<Shape> known_shape(NodeContext& c, ValueId value, const char* what) {
  const TensorType& type = c.type(value);
  if (!type.is_static()) return c.refuse(std::string("the shape of its ") + what + ", " + type.text() + ", is not known", kFixShapes);
  return type.shape();
}

}  // namespace verge::formats::onnx
