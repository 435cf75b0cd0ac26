// DecodeImage and EncodeImage of com.microsoft.extensions
// (https://github.com/microsoft/onnxruntime-extensions/blob/main/docs/custom_ops.md): files as u8[bytes], pictures as u8[height, width, 3], BGR.
#pragma once
#include <vector>

#include "core/result.h"
#include "formats/parts.h"
#include "ops/host/host_ops.h"

namespace verge {

bool is_picture_node(const formats::HostNode& node);
// kCorrupt for bytes that are no picture, kUnsupported for a form of file other than PNG, kInvalidArgument for inputs that are neither.
Result<std::vector<ops::HostValue>> run_picture_node(const ops::HostCall& call);

}  // namespace verge
