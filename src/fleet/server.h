// The fleet's HTTPS server: the API and the folder of updates. cpp-httplib and OpenSSL do HTTP and TLS.
#pragma once
#include <memory>
#include <string>

#include "fleet/api.h"

namespace verge::fleet {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8443;
  int threads = 64;  // one a connection: a slow device must not keep the others waiting
};

class Server {
 public:
  // `updates`: the folder of tuf::Repository. kIo when the port cannot be had.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Api& api, const Authority& authority, const std::string& updates);
  virtual ~Server() = default;  // stops
  virtual int port() const = 0;
};

}  // namespace verge::fleet
