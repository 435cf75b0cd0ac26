#include "core/json.h"

namespace verge {

Result<Json> parse_json(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("not valid JSON: ") + e.what());
  }
}

// nlohmann::json keeps object keys in byte order and prints the shortest number that reads back; for the ASCII keys that Verge writes this is the
// order of RFC 8785 section 3.2.3.
std::string canonical_json(const Json& value) { return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace verge
