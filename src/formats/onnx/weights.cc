#include "formats/onnx/weights.h"

#include <algorithm>

namespace verge::formats::onnx {
namespace {

// The constant behind `value`, if any, and whether a dequantize stands between.
struct Origin {
  const Tensor* tensor = nullptr;
  const Node* dequantize = nullptr;
};

Origin origin(const Graph& graph, ValueId value) {
  if (const Tensor* t = graph.constant(value)) return {t, nullptr};
  const Node* n = graph.producer(value);
  if (n && n->op == "dequantize") return {graph.constant(n->input(0)), n};
  return {};
}

Tensor wide(const Tensor& tensor) {
  if (dtype_bits(tensor.dtype()) >= 8) return tensor;
  Tensor out = cast_tensor(tensor, tensor.dtype() == DataType::kU4 ? DataType::kU8 : DataType::kI8);
  out.set_quant(tensor.quant());
  return out;
}

Shape shape_of(const std::vector<int64_t>& dims) {
  Shape shape;
  for (int64_t d : dims) shape.dim[shape.rank++] = static_cast<int32_t>(d);
  return shape;
}

}  // namespace

Tensor transposed(const Tensor& given, const std::vector<int>& perm) {
  const Tensor tensor = wide(given);
  const int rank = tensor.shape().rank;
  Shape shape;
  int64_t stride[kMaxRank] = {}, index[kMaxRank] = {};
  for (int d : perm) {
    stride[shape.rank] = tensor.shape().count(d + 1, rank);
    shape.dim[shape.rank++] = tensor.shape()[d];
  }
  Tensor out(tensor.dtype(), shape);
  const size_t width = dtype_bytes(tensor.dtype(), 1);
  const uint8_t* from = tensor.bytes().data();
  int64_t at = 0;
  for (int64_t i = 0; i < out.count(); ++i) {
    std::memcpy(out.data() + i * width, from + at * width, width);
    for (int d = rank - 1; d >= 0; --d) {
      at += stride[d];
      if (++index[d] < shape[d]) break;
      at -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  QuantParams quant = tensor.quant();
  if (quant.axis >= 0) quant.axis = static_cast<int32_t>(std::find(perm.begin(), perm.end(), quant.axis) - perm.begin());
  out.set_quant(std::move(quant));
  return out;
}

ValueId rearranged(NodeContext& c, ValueId weights, const std::vector<int>& perm, const std::vector<int64_t>& shape) {
  Graph& graph = c.graph();
  const Origin from = origin(graph, weights);
  if (!from.tensor) {
    const ValueId moved = c.add("transpose", {weights}, {{"perm", std::vector<int64_t>(perm.begin(), perm.end())}});
    return shape.empty() ? moved : c.add("reshape", {moved}, {{"shape", shape}});
  }
  Tensor moved = transposed(*from.tensor, perm);
  if (!shape.empty()) moved = moved.reshaped(shape_of(shape));
  const ValueId constant = graph.add_constant(std::move(moved), graph.value(from.dequantize ? from.dequantize->input(0) : weights).name);
  return from.dequantize ? c.add("dequantize", {constant}, from.dequantize->attrs, TensorType(graph.type(weights).dtype, Shape{})) : constant;
}

bool is_weight(const Graph& graph, ValueId value) { return origin(graph, value).tensor != nullptr; }

}  // namespace verge::formats::onnx
