// Numbers of the instructions, and the full table of their device halves.
#pragma once
#include "rt/op_table.h"

namespace verge::exec {

enum class Op : uint16_t {
#define VERGE_INSTRUCTION(number, name) name = number,
#include "exec/instructions.inc"
#undef VERGE_INSTRUCTION
};

#define VERGE_INSTRUCTION(number, name)                \
  Status check_##name(const rt::Instruction& in);      \
  Status run_##name(const rt::Instruction& in, const rt::RunEnv& env);
#include "exec/instructions.inc"
#undef VERGE_INSTRUCTION

// Every instruction of this build. Static, constant.
const rt::OpTable& full_table();

}  // namespace verge::exec
