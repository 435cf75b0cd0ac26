// Limits in bytes or instructions as the command line has them.
#pragma once
#include <cstdint>
#include <string>

#include "core/result.h"

namespace verge::cli {

// "32k", "1.5M", "27648"; nothing: 0, no limit.
Result<int64_t> parse_limit(const char* option, const std::string& text);

}  // namespace verge::cli
