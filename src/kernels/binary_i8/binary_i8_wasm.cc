#include "kernels/requant/vector_wasm.h"

#include "kernels/binary_i8/generic.h"

namespace verge {

void binary_i8_wasm(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs) { run_op(op, params, runs); }

}  // namespace verge
