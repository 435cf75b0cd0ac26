// Weights that an ONNX file keeps in other files beside it.
#pragma once
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "onnx.pb.h"

namespace verge::formats::onnx {

// The bytes of a tensor whose data_location is "external": location, offset and length of its external_data entries. The location must be a relative
// path below `base_dir`; `expected` is how many bytes the tensor's type and shape want.
Result<Bytes> read_external_data(const verge::onnx_pb::TensorProto& proto, const std::string& base_dir, size_t expected);

}  // namespace verge::formats::onnx
