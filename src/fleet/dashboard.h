// The dashboard's files, inside the binary. web/dashboard holds their source; src/fleet/dashboard what its build wrote.
#pragma once
#include <string>
#include <string_view>

namespace verge::fleet {

struct Asset {
  std::string_view bytes;
  const char* type;
};

// "/" and what its page loads; null for other paths.
const Asset* dashboard_asset(const std::string& path);

}  // namespace verge::fleet
