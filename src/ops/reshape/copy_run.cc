#include <cstring>

#include "exec/op_codes.h"
#include "ops/reshape/copy_attrs.h"

namespace verge::exec {

Status check_copy(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<CopyAttrs>() && in.in_count == 1 && in.out_count == 1 && in.has(0), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).bytes() == in.out().bytes(), Code::kCorrupt);
  return {};
}

Status run_copy(const rt::Instruction& in, const rt::RunEnv&) {
  std::memmove(in.out().data, in.in(0).data, in.out().bytes());
  return {};
}

}  // namespace verge::exec
