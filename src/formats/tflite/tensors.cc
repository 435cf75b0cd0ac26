#include "formats/tflite/tensors.h"

#include <algorithm>
#include <limits>

#include "core/text.h"

namespace verge::formats::tflite {
namespace {

using schema::TensorType;

struct TypeRow {
  DataType dtype;
  bool quantizable;
  int64_t low, high;
};

template <typename T> constexpr TypeRow integer_row(DataType dtype) { return {dtype, true, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()}; }

TypeRow row_of(TensorType type) {
  switch (type) {
    case TensorType::FLOAT32: return {DataType::kF32};
    case TensorType::FLOAT16: return {DataType::kF16};
    case TensorType::BFLOAT16: return {DataType::kBF16};
    case TensorType::FLOAT64: return {DataType::kF64};
    case TensorType::BOOL: return {DataType::kBool};
    case TensorType::UINT64: return {DataType::kU64};
    case TensorType::UINT32: return {DataType::kU32};
    case TensorType::UINT16: return {DataType::kU16};
    case TensorType::STRING: return {DataType::kString};
    case TensorType::INT4: return {DataType::kI4, true, -8, 7};
    case TensorType::INT8: return integer_row<int8_t>(DataType::kI8);
    case TensorType::UINT8: return integer_row<uint8_t>(DataType::kU8);
    case TensorType::INT16: return integer_row<int16_t>(DataType::kI16);
    case TensorType::INT32: return integer_row<int32_t>(DataType::kI32);
    case TensorType::INT64: return {DataType::kI64, true, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    default: return {DataType::kNone};
  }
}

QuantParams quantisation(const schema::Tensor& tensor) {
  const schema::QuantizationParameters* q = tensor.quantization();
  QuantParams out;
  if (!q || size_of(q->scale()) == 0 || !quantizable(tensor.type()) || q->scale()->Get(0) == 0) return out;
  out.scale.assign(q->scale()->begin(), q->scale()->end());
  const size_t zeros = size_of(q->zero_point());
  for (size_t i = 0; i < out.scale.size(); ++i)
    out.zero_point.push_back(zeros == 0 ? 0 : static_cast<int32_t>(long_at(*q->zero_point(), zeros == 1 ? 0 : i)));
  if (out.per_channel()) out.axis = q->quantized_dimension();
  return out;
}

Shape shape_of(const schema::Tensor& tensor) {
  Shape shape;
  for (int64_t dim : list_of(tensor.shape())) shape[shape.rank++] = static_cast<int32_t>(dim);
  return shape;
}

Bytes widened_int4(ByteSpan packed, size_t count) {
  Bytes out(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t nibble = i % 2 ? packed[i / 2] >> 4 : packed[i / 2] & 15;
    out[i] = static_cast<uint8_t>(static_cast<int8_t>(static_cast<uint8_t>(nibble << 4)) >> 4);
  }
  return out;
}

// How many elements lie between two neighbours along `axis`.
int64_t step_of(const Shape& shape, int axis) { return shape.count(axis + 1, shape.rank); }

}  // namespace

DataType element_type(TensorType type) { return row_of(type).dtype; }
bool quantizable(TensorType type) { return row_of(type).quantizable; }
std::pair<int64_t, int64_t> quantized_range(TensorType type) { return {row_of(type).low, row_of(type).high}; }

verge::TensorType tensor_type(const schema::Tensor& tensor) {
  verge::TensorType type;
  type.dtype = element_type(tensor.type());
  type.quant = quantisation(tensor);
  type.ranked = size_of(tensor.shape()) > 0 || tensor.has_rank();  // older files say nothing of a scalar and nothing of what they do not know
  for (int64_t dim : list_of(tensor.shape())) type.dims.push_back(dim < 0 ? Dim() : Dim(dim));
  return type;
}

Result<Tensor> read_constant(const File& file, const schema::Tensor& tensor, size_t limit_bytes) {
  const DataType dtype = element_type(tensor.type());
  const Shape shape = shape_of(tensor);
  const auto count = static_cast<size_t>(shape.count());
  if (dtype_bits(dtype) == 0) return unsupported("constants of type " + describe_type(tensor) + " are not read");
  if (tensor.quantization() && tensor.quantization()->details_type() != schema::QuantizationDetails::NONE)
    return unsupported("constants quantised in blocks or in a custom way are not read");
  if (dtype_bytes(dtype, count) > limit_bytes) return unsupported("constants of this file take more memory than its size allows");
  ByteSpan bytes = file.constant_bytes(tensor);
  Bytes dense;
  if (tensor.sparsity()) {
    if (dtype == DataType::kI4) return unsupported("sparse 4-bit constants are not read");
    VERGE_TRY(dense, densify(tensor, bytes, dtype_bytes(dtype, 1)));
    bytes = dense;
  }
  const size_t wanted = dtype == DataType::kI4 ? (count + 1) / 2 : dtype_bytes(dtype, count);
  if (dtype != DataType::kString && (bytes.size() < wanted || (dtype != DataType::kI4 && bytes.size() > wanted)))
    return corrupt("a constant has " + std::to_string(bytes.size()) + " bytes, its type and shape take " + std::to_string(wanted));
  Tensor out = dtype == DataType::kI4 ? Tensor(DataType::kI8, shape, widened_int4(bytes, count)) : Tensor(dtype, shape, Bytes(bytes.begin(), bytes.end()));
  out.set_quant(quantisation(tensor));
  return out;
}

bool is_blockwise(const schema::Tensor& tensor) {
  const bool narrow = element_type(tensor.type()) == DataType::kI4 || element_type(tensor.type()) == DataType::kI8;
  return narrow && !tensor.sparsity() && tensor.quantization() && tensor.quantization()->details_as_BlockwiseQuantization();
}

Result<Tensor> read_blockwise(const File& file, const schema::SubGraph& graph, const schema::Tensor& tensor, size_t limit_bytes) {
  const schema::BlockwiseQuantization& q = *tensor.quantization()->details_as_BlockwiseQuantization();
  const Shape shape = shape_of(tensor);
  const auto count = static_cast<size_t>(shape.count());
  if (count * sizeof(float) > limit_bytes) return unsupported("constants of this file take more memory than its size allows");
  if (q.zero_points() > 0) return unsupported("blocks with zero points of their own are not read");
  if (q.scales() < 0 || q.scales() >= static_cast<int32_t>(size_of(graph.tensors()))) return corrupt("the scales are tensor " + std::to_string(q.scales()));
  VERGE_TRY(const Tensor scales, read_constant(file, *graph.tensors()->Get(static_cast<uint32_t>(q.scales())), limit_bytes), "scales");
  const int64_t block = q.block_size();
  if (shape.rank < 1 || block < 1 || shape.back(0) % block != 0 || !is_float(scales.dtype()) || scales.count() * block != shape.count())
    return corrupt("scales " + std::string(dtype_name(scales.dtype())) + bracketed(list_of(graph.tensors()->Get(static_cast<uint32_t>(q.scales()))->shape())) + " for blocks of " +
                   std::to_string(block) + " in " + describe_type(tensor));
  const ByteSpan bytes = file.constant_bytes(tensor);
  const Bytes values = element_type(tensor.type()) == DataType::kI4 ? widened_int4(bytes, count) : Bytes(bytes.begin(), bytes.end());
  Tensor out(DataType::kF32, shape);
  for (size_t i = 0; i < count; ++i)
    out.mut<float>()[i] = static_cast<float>(scales.at(static_cast<int64_t>(i) / block)) * static_cast<float>(static_cast<int8_t>(values[i]));
  return out;
}

Tensor dequantized(const Tensor& tensor) {
  const QuantParams& q = tensor.quant();
  if (q.empty()) return tensor;
  Tensor out(DataType::kF32, tensor.shape());
  const std::span<float> y = out.mut<float>();
  const int64_t step = q.per_channel() ? step_of(tensor.shape(), q.axis) : 1;
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t channel = q.per_channel() ? static_cast<size_t>(static_cast<int64_t>(i) / step) % q.scale.size() : 0;
    y[i] = q.scale[channel] * static_cast<float>(tensor.at(static_cast<int64_t>(i)) - q.zero_point[channel]);
  }
  return out;
}

Tensor permuted(const Tensor& tensor, const std::vector<int>& perm) {
  Shape shape;
  int64_t steps[kMaxRank] = {};
  for (int axis : perm) {
    steps[shape.rank] = step_of(tensor.shape(), axis);
    shape[shape.rank++] = tensor.shape()[axis];
  }
  Tensor out(tensor.dtype(), shape);
  const size_t element = dtype_bytes(tensor.dtype(), 1);
  int32_t at[kMaxRank] = {};
  for (int64_t i = 0, from = 0; i < out.count(); ++i) {
    std::memcpy(out.data() + static_cast<size_t>(i) * element, tensor.bytes().data() + static_cast<size_t>(from) * element, element);
    for (int d = shape.rank - 1; d >= 0; --d) {
      from += steps[d];
      if (++at[d] < shape[d]) break;
      from -= steps[d] * shape[d];
      at[d] = 0;
    }
  }
  QuantParams quant = tensor.quant();
  if (quant.per_channel()) quant.axis = static_cast<int32_t>(std::find(perm.begin(), perm.end(), quant.axis) - perm.begin());
  out.set_quant(std::move(quant));
  return out;
}

}  // namespace verge::formats::tflite
