#include "formats/onnx/value_pb.h"

#include <limits>

#include "formats/onnx/tensor_pb.h"
#include "formats/onnx/tensor_proto.h"

namespace verge::formats::onnx {
namespace {

// OptionalProto.DataType and SequenceProto.DataType
constexpr int32_t kTensor = 1, kSequence = 3;

template <typename Proto> Result<Proto> parsed(ByteSpan bytes) {
  Proto proto;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) || !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return corrupt("the protobuf wire format is broken");
  return proto;
}

Result<ops::HostValue> value_of(const pb::SequenceProto& proto) {
  std::vector<Tensor> items;
  if (proto.has_elem_type() && proto.elem_type() > kTensor) return unsupported("a sequence of something other than tensors");
  for (const auto& t : proto.tensor_values()) {
    VERGE_TRY(Tensor tensor, tensor_from_proto(t));
    items.push_back(std::move(tensor));
  }
  return ops::HostValue::sequence(std::move(items));
}

Result<ops::HostValue> value_of(const pb::OptionalProto& proto) {
  if (proto.has_sequence_value()) return value_of(proto.sequence_value());
  if (!proto.has_tensor_value()) return ops::HostValue();
  VERGE_TRY(Tensor tensor, tensor_from_proto(proto.tensor_value()));
  return ops::HostValue(std::move(tensor));
}

pb::SequenceProto sequence_of(const ops::HostValue& value, const std::string& name) {
  pb::SequenceProto proto;
  proto.set_name(name);
  proto.set_elem_type(kTensor);
  for (const Tensor& t : value.items) *proto.add_tensor_values() = tensor_to_proto(t, "");
  return proto;
}

pb::OptionalProto optional_of(const ops::HostValue& value, const std::string& name) {
  pb::OptionalProto proto;
  proto.set_name(name);
  if (value.is_tensor()) *proto.mutable_tensor_value() = tensor_to_proto(value.tensor, "");
  if (value.kind == ops::HostValue::Kind::kSequence) *proto.mutable_sequence_value() = sequence_of(value, "");
  proto.set_elem_type(value.is_tensor() ? kTensor : value.kind == ops::HostValue::Kind::kSequence ? kSequence : 0);
  return proto;
}

constexpr int32_t kStrings = 8;  // TensorProto.data_type

Result<ops::HostValue> text_of(const pb::TensorProto& proto) {
  Shape shape;
  int64_t count = 1;
  for (int64_t d : proto.dims()) {
    if (shape.rank == kMaxRank || d < 0 || d > std::numeric_limits<int32_t>::max() || (d && count > std::numeric_limits<int32_t>::max() / d)) return corrupt("texts of a shape that is none");
    shape.dim[shape.rank++] = static_cast<int32_t>(d);
    count *= d;
  }
  if (count != proto.string_data_size()) return corrupt("its shape holds " + std::to_string(count) + " texts, the file " + std::to_string(proto.string_data_size()));
  return ops::HostValue::text(shape, {proto.string_data().begin(), proto.string_data().end()});
}

pb::TensorProto texts_of(const ops::HostValue& value, const std::string& name) {
  pb::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(kStrings);
  for (int i = 0; i < value.shape.rank; ++i) proto.add_dims(value.shape[i]);
  for (const std::string& text : value.texts) proto.add_string_data(text);
  return proto;
}

template <typename Proto> Bytes bytes_of(const Proto& proto) {
  const std::string text = proto.SerializeAsString();
  return Bytes(text.begin(), text.end());
}

}  // namespace

Result<ops::HostValue> read_value_pb(ByteSpan bytes, PartSource::Kind kind) {
  if (kind == PartSource::Kind::kSequence) {
    VERGE_TRY(const auto proto, parsed<pb::SequenceProto>(bytes));
    return value_of(proto);
  }
  if (kind == PartSource::Kind::kOptional) {
    VERGE_TRY(const auto proto, parsed<pb::OptionalProto>(bytes));
    return value_of(proto);
  }
  VERGE_TRY(const auto proto, parsed<pb::TensorProto>(bytes));
  if (proto.data_type() == kStrings) return text_of(proto);
  VERGE_TRY(NamedTensor named, read_tensor_pb(bytes));
  return ops::HostValue(std::move(named.tensor));
}

Bytes write_value_pb(const ops::HostValue& value, PartSource::Kind kind, const std::string& name) {
  if (kind == PartSource::Kind::kOptional) return bytes_of(optional_of(value, name));
  if (value.kind == ops::HostValue::Kind::kSequence) return bytes_of(sequence_of(value, name));
  if (value.kind == ops::HostValue::Kind::kText) return bytes_of(texts_of(value, name));
  return write_tensor_pb(value.tensor, name);
}

}  // namespace verge::formats::onnx
