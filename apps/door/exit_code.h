// Exit codes of the command line and of the agent (docs/command-line.md): what went wrong decides, not where.
#pragma once
#include "base/status.h"

namespace verge::door {

inline constexpr int kExitUsage = 2, kExitUnsupported = 3, kExitBudget = 4, kExitEnvironment = 5, kExitIntegrity = 6, kExitDamaged = 7, kExitInternal = 70;

inline int exit_code(Code code) {
  switch (code) {
    case Code::kOk: return 0;
    case Code::kInvalidArgument: return kExitUsage;
    case Code::kUnsupported: return kExitUnsupported;
    case Code::kBudget: return kExitBudget;
    case Code::kNotFound:
    case Code::kIo:
    case Code::kOutOfMemory: return kExitEnvironment;
    case Code::kIntegrity: return kExitIntegrity;
    case Code::kCorrupt: return kExitDamaged;
    case Code::kBusy:
    case Code::kInternal: return kExitInternal;
  }
  return kExitInternal;
}

}  // namespace verge::door
