// The head of an HTTP/1 answer: the status line and the few headers that the agent acts on.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace verge::agent {

struct HttpHead {
  int status = 0;  // 100 .. 599
  std::string etag;
  int64_t retry_after_s = 0;  // 0 .. 3600
  int64_t length = -1;        // of the body; -1: until the end of the connection
};

// `text`: what came before the empty line. kIo: no HTTP/1, a status or length that is no number, or a body in chunks, which HTTP/1.0 does not allow.
Result<HttpHead> parse_http_head(std::string_view text);

}  // namespace verge::agent
