// Files with one TensorProto, SequenceProto or OptionalProto, as test data sets of ONNX hold them.
#pragma once
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/parts.h"
#include "ops/host/host_value.h"

namespace verge::formats::onnx {

// The file does not say what it is: `kind` is that of the model's input or output.
Result<ops::HostValue> read_value_pb(ByteSpan bytes, PartSource::Kind kind);
Bytes write_value_pb(const ops::HostValue& value, PartSource::Kind kind, const std::string& name);

}  // namespace verge::formats::onnx
