#include "verge/limits.h"

#include <cstdlib>

namespace verge::cli {

Result<int64_t> parse_limit(const char* option, const std::string& text) {
  if (text.empty()) return int64_t{0};
  char* end = nullptr;
  const double n = std::strtod(text.c_str(), &end);
  const double unit = *end == 'k' || *end == 'K' ? 1e3 : *end == 'M' ? 1e6 : 1;
  if (unit != 1) ++end;
  if (!(n > 0 && n < 1e12) || *end != 0) return invalid(std::string(option) + " " + text + ": wants a number such as 32k, 1.5M or 27648");
  return static_cast<int64_t>(n * unit);
}

}  // namespace verge::cli
