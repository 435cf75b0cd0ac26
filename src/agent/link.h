// The agent's way to its server: JSON over HTTPS.
#pragma once
#include <string>

#include "agent/https.h"
#include "core/json.h"

namespace verge::agent {

struct Reply {
  long status = 0;  // HTTP
  std::string etag;
  int64_t retry_after_s = 0;
  Json body;  // null when there was none
};

// `etag`: what the last reply carried; the server answers 304 without a body when nothing changed. Errors are kIo.
Result<Reply> post(HttpsClient& client, const HttpsAddress& server, const std::string& path, const Json& body, const std::string& etag = "");

}  // namespace verge::agent
