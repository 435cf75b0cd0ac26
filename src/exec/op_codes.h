// Numbers of the instructions, and the tables of their device halves.
#pragma once
#include "rt/op_table.h"

namespace verge::exec {

enum class Op : uint16_t {
#define VERGE_INSTRUCTION(number, name) name = number,
#include "exec/instructions.inc"
#include "exec/training_instructions.inc"
#undef VERGE_INSTRUCTION
};

#define VERGE_INSTRUCTION(number, name)                \
  Status check_##name(const rt::Instruction& in);      \
  Status run_##name(const rt::Instruction& in, const rt::RunEnv& env);
#include "exec/instructions.inc"
#include "exec/training_instructions.inc"
#undef VERGE_INSTRUCTION

// Every instruction that inference has. Static, constant.
const rt::OpTable& full_table();
// Those and what training adds: linked only where it is called.
const rt::OpTable& training_table();

}  // namespace verge::exec
