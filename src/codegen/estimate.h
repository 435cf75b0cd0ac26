// Estimates before anything is compiled, from counts under QEMU at -O2 (bench/mcu): what a layer executes and how large the kernels are.
#pragma once
#include "codegen/family.h"

namespace verge::codegen {

int64_t estimated_instructions(Family family, const Layer& layer);
int64_t estimated_code_bytes(Family family, const Network& network);
// Of the deepest chain of calls; tests/e2e/codegen_qemu.py compares it with what runs take.
int64_t stack_bound(Family family, const Network& network);

}  // namespace verge::codegen
