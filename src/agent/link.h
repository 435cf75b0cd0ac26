// The agent's way to its server: JSON over HTTPS, by libcurl.
#pragma once
#include <memory>
#include <string>

#include "core/json.h"
#include "tuf/transport.h"

namespace verge::agent {

struct Reply {
  long status = 0;  // HTTP
  std::string etag;
  Json body;  // null when there was none
};

class Link {
 public:
  Link(std::string server, tuf::HttpOptions options) : server_(std::move(server)), options_(std::move(options)) {}
  // `etag`: what the last reply carried; the server answers 304 without a body when nothing changed. Errors are kIo.
  Result<Reply> post(const std::string& path, const Json& body, const std::string& etag = "") const;

 private:
  std::string server_;
  tuf::HttpOptions options_;
};

}  // namespace verge::agent
