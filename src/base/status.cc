#include "base/status.h"

namespace verge {

const char* code_name(Code code) {
  switch (code) {
    case Code::kOk: return "ok";
    case Code::kInvalidArgument: return "invalid argument";
    case Code::kUnsupported: return "unsupported";
    case Code::kCorrupt: return "corrupt";
    case Code::kOutOfMemory: return "out of memory";
    case Code::kBusy: return "busy";
    case Code::kNotFound: return "not found";
    case Code::kIo: return "i/o";
    case Code::kBudget: return "budget";
    case Code::kIntegrity: return "integrity";
    case Code::kInternal: return "internal";
  }
  return "unknown";
}

}  // namespace verge
