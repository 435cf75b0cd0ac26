// JSON values (nlohmann/json). A heavy header: include it in sources, not in headers that many include.
#pragma once
#include <nlohmann/json.hpp>

#include "core/result.h"

namespace verge {

using Json = nlohmann::ordered_json;

// Parses `text`; the error says where it broke.
Result<Json> parse_json(std::string_view text);
// RFC 8785 (JSON Canonicalization Scheme): keys sorted, no spaces, shortest numbers. Same value, same bytes.
std::string canonical_json(const Json& value);

}  // namespace verge
