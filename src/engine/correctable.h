// Programs whose inputs can be corrected by an update of a few bytes.
#pragma once
#include "ir/graph.h"
#include "packaging/input_correction.h"

namespace verge {

// Puts the correction behind the first input, as a product and a sum with constants of a number a channel. `graph` is prepared for lowering: passes would take
// a correction that does nothing away. kUnsupported for an input that is no f32; kInvalidArgument for another number of channels.
Result<void> add_correction(Graph& graph, const InputCorrection& correction);

}  // namespace verge
