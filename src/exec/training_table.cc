#include "exec/op_codes.h"

namespace verge::exec {
namespace {

constexpr rt::OpEntry kEntries[] = {
#define VERGE_INSTRUCTION(number, name) {number, #name, check_##name, run_##name},
#include "exec/instructions.inc"
#include "exec/training_instructions.inc"
#undef VERGE_INSTRUCTION
};
constexpr rt::OpTable kTable{kEntries, sizeof(kEntries) / sizeof(kEntries[0])};

}  // namespace

const rt::OpTable& training_table() { return kTable; }

}  // namespace verge::exec
