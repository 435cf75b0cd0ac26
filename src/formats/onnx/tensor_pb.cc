#include "formats/onnx/tensor_pb.h"

#include <limits>

#include "formats/onnx/tensor_proto.h"

namespace verge::formats::onnx {

Result<NamedTensor> read_tensor_pb(ByteSpan bytes) {
  pb::TensorProto proto;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) || !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return corrupt("not a TensorProto: the protobuf wire format is broken");
  VERGE_TRY(Tensor tensor, tensor_from_proto(proto));
  return NamedTensor{proto.name(), std::move(tensor)};
}

Bytes write_tensor_pb(const Tensor& tensor, const std::string& name) {
  const std::string text = tensor_to_proto(tensor, name).SerializeAsString();
  return Bytes(text.begin(), text.end());
}

}  // namespace verge::formats::onnx
