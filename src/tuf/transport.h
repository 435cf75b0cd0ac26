// How files come from a repository: an interface, and HTTP(S) by libcurl.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::tuf {

// Called with each piece that arrives; an error stops the transfer and is what fetch() returns.
using Sink = std::function<Result<void>(ByteSpan)>;

class Transport {
 public:
  virtual ~Transport() = default;
  // kNotFound: the server says that there is no such file (403 or 404). kBudget: more than `most_bytes`. kIo: everything else.
  // `from_byte`: where to go on; a server that sends all anyway is an error.
  virtual Result<void> fetch(const std::string& url, uint64_t most_bytes, uint64_t from_byte, const Sink& sink) = 0;
};

struct HttpOptions {
  long connect_timeout_s = 20;
  long least_bytes_per_s = 64;  // slower than this for `slow_after_s` ends the transfer: slow retrieval is an attack too
  long slow_after_s = 60;
  std::string ca_file, certificate_file, key_file;  // PEM; empty: the system's authorities, no client certificate
  std::string bearer;                               // a token for the Authorization header
};
std::unique_ptr<Transport> make_http_transport(const HttpOptions& options);

// A copy of a repository on this machine, on a stick for example: what is asked for below `prefix` is read below `folder`.
std::unique_ptr<Transport> make_folder_transport(const std::string& prefix, const std::string& folder);

// A file of at most `most_bytes` as a whole.
Result<Bytes> fetch_bytes(Transport& transport, const std::string& url, uint64_t most_bytes);

}  // namespace verge::tuf
