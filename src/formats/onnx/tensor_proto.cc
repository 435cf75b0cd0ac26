#include "formats/onnx/tensor_proto.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/text.h"
#include "formats/onnx/external_data.h"

namespace verge::formats::onnx {
namespace {

struct TypeRow {
  const char* name;
  DataType dtype;
};
// By ONNX's number.
constexpr std::array<TypeRow, 27> kTypes = {{
    {"UNDEFINED", DataType::kNone}, {"FLOAT", DataType::kF32},        {"UINT8", DataType::kU8},           {"INT8", DataType::kI8},
    {"UINT16", DataType::kU16},     {"INT16", DataType::kI16},        {"INT32", DataType::kI32},          {"INT64", DataType::kI64},
    {"STRING", DataType::kNone},    {"BOOL", DataType::kBool},        {"FLOAT16", DataType::kF16},        {"DOUBLE", DataType::kF64},
    {"UINT32", DataType::kU32},     {"UINT64", DataType::kU64},       {"COMPLEX64", DataType::kNone},     {"COMPLEX128", DataType::kNone},
    {"BFLOAT16", DataType::kBF16},  {"FLOAT8E4M3FN", DataType::kNone}, {"FLOAT8E4M3FNUZ", DataType::kNone}, {"FLOAT8E5M2", DataType::kNone},
    {"FLOAT8E5M2FNUZ", DataType::kNone}, {"UINT4", DataType::kU4},    {"INT4", DataType::kI4},            {"FLOAT4E2M1", DataType::kNone},
    {"FLOAT8E8M0", DataType::kNone}, {"UINT2", DataType::kNone},      {"INT2", DataType::kNone},
}};

std::string label(const pb::TensorProto& proto) { return proto.name().empty() ? "a tensor without name" : "tensor '" + proto.name() + "'"; }

Error wrong_size(DataType dtype, const Shape& shape, size_t held, const char* unit) {
  const std::vector<int64_t> dims(shape.dim, shape.dim + shape.rank);
  return corrupt(std::string(dtype_name(dtype)) + bracketed(dims) + " wants " + std::to_string(saturated_count(shape)) + " elements, the file holds " +
                 std::to_string(held) + " " + unit);
}

template <typename T, typename Field>
Result<Bytes> narrowed(const Field& field, DataType dtype, const Shape& shape, size_t wanted) {
  if (static_cast<size_t>(field.size()) != wanted) return wrong_size(dtype, shape, static_cast<size_t>(field.size()), "entries");
  Bytes out(wanted * sizeof(T));
  for (size_t i = 0; i < wanted; ++i) {
    const T value = static_cast<T>(field.Get(static_cast<int>(i)));
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
  return out;
}

Result<Bytes> bytes_from_fields(const pb::TensorProto& p, DataType dtype, const Shape& shape, size_t count) {
  switch (dtype) {
    case DataType::kF32: return narrowed<float>(p.float_data(), dtype, shape, count);
    case DataType::kF64: return narrowed<double>(p.double_data(), dtype, shape, count);
    case DataType::kI64: return narrowed<int64_t>(p.int64_data(), dtype, shape, count);
    case DataType::kU64: return narrowed<uint64_t>(p.uint64_data(), dtype, shape, count);
    case DataType::kU32: return narrowed<uint32_t>(p.uint64_data(), dtype, shape, count);
    case DataType::kI32: return narrowed<int32_t>(p.int32_data(), dtype, shape, count);
    case DataType::kF16:
    case DataType::kBF16:
    case DataType::kU16:
    case DataType::kI16: return narrowed<uint16_t>(p.int32_data(), dtype, shape, count);
    case DataType::kI4:
    case DataType::kU4: return narrowed<uint8_t>(p.int32_data(), dtype, shape, (count + 1) / 2);
    default: return narrowed<uint8_t>(p.int32_data(), dtype, shape, count);
  }
}

Result<Bytes> bytes_of(const pb::TensorProto& p, DataType dtype, const Shape& shape, const std::string& base_dir) {
  const int64_t count = saturated_count(shape);
  if (p.data_location() == 1) {
    if (count > (int64_t{1} << 40)) return wrong_size(dtype, shape, 0, "bytes");
    return read_external_data(p, base_dir, dtype_bytes(dtype, static_cast<size_t>(count)));
  }
  if (!p.has_raw_data()) return bytes_from_fields(p, dtype, shape, static_cast<size_t>(count));
  const size_t held = p.raw_data().size();
  if (count > static_cast<int64_t>(2 * held) || dtype_bytes(dtype, static_cast<size_t>(count)) != held) return wrong_size(dtype, shape, held, "bytes");
  return Bytes(p.raw_data().begin(), p.raw_data().end());
}

}  // namespace

DataType dtype_from_onnx(int32_t type) { return type > 0 && type < static_cast<int32_t>(kTypes.size()) ? kTypes[type].dtype : DataType::kNone; }

int32_t dtype_to_onnx(DataType dtype) {
  const auto it = std::find_if(kTypes.begin() + 1, kTypes.end(), [&](const TypeRow& row) { return row.dtype == dtype; });
  return it == kTypes.end() ? 0 : static_cast<int32_t>(it - kTypes.begin());
}

std::string onnx_type_name(int32_t type) {
  return type >= 0 && type < static_cast<int32_t>(kTypes.size()) ? kTypes[type].name : "type " + std::to_string(type);
}

Result<Shape> shape_from_dims(const std::vector<int64_t>& dims) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) return unsupported("rank " + std::to_string(dims.size()) + " is more than " + std::to_string(kMaxRank));
  Shape shape;
  for (int64_t d : dims) {
    if (d < 0 || d > std::numeric_limits<int32_t>::max()) return corrupt("dimension " + std::to_string(d) + " is not a size");
    shape.dim[shape.rank++] = static_cast<int32_t>(d);
  }
  return shape;
}

int64_t saturated_count(const Shape& shape) {
  constexpr int64_t kMost = int64_t{1} << 62;
  int64_t count = 1;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape[i] == 0) return 0;
    count = count > kMost / shape[i] ? kMost : count * shape[i];
  }
  return count;
}

Result<Tensor> tensor_from_proto(const pb::TensorProto& proto, const std::string& base_dir) {
  const DataType dtype = dtype_from_onnx(proto.data_type());
  if (dtype == DataType::kNone) return unsupported(label(proto) + ": elements of type " + onnx_type_name(proto.data_type()) + " are not supported");
  VERGE_TRY(const Shape shape, shape_from_dims({proto.dims().begin(), proto.dims().end()}), label(proto));
  VERGE_TRY(Bytes bytes, bytes_of(proto, dtype, shape, base_dir), label(proto));
  if (dtype == DataType::kBool)
    for (uint8_t& b : bytes) b = b != 0;
  return Tensor(dtype, shape, std::move(bytes));
}

pb::TensorProto tensor_to_proto(const Tensor& tensor, const std::string& name) {
  pb::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(dtype_to_onnx(tensor.dtype()));
  for (int i = 0; i < tensor.shape().rank; ++i) proto.add_dims(tensor.shape()[i]);
  proto.set_raw_data(tensor.bytes().data(), tensor.bytes().size());
  return proto;
}

}  // namespace verge::formats::onnx
