// Which instructions are layers that kernels can compute in several ways (kernels/way.h).
#pragma once
#include "kernels/way.h"
#include "rt/op_table.h"

namespace verge::exec {

// False for others. The instruction has passed check().
bool layer_of(const rt::Instruction& in, LayerFamily* family, ConvGeometry* geometry);

}  // namespace verge::exec
