// Control flow between parts: Loop, Scan and SequenceMap of ONNX, whose bodies are parted models themselves.
#pragma once
#include <functional>

#include "formats/parts.h"
#include "ops/host/host_value.h"

namespace verge {

// Runs a body on one value for each of its inputs.
using RunBody = std::function<Result<std::vector<ops::HostValue>>(const std::vector<ops::HostValue>& inputs)>;

// `node` is a Loop, a Scan or a SequenceMap; `outputs` is how many outputs its body has.
Result<std::vector<ops::HostValue>> run_control(const formats::HostNode& node, const std::vector<ops::HostValue>& inputs, size_t body_outputs, const RunBody& body);

}  // namespace verge
