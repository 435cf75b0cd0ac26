// HTTPS for devices: one request a connection over OpenSSL, TLS sessions resumed, little memory, every wait bounded.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tuf/transport.h"

namespace verge::agent {

struct HttpsRequest {
  std::string method = "GET", path;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
};

struct HttpsReply {
  int status = 0;
  std::string etag;
  int64_t retry_after_s = 0;
};

// Bytes are those above TLS records: requests, headers and bodies.
struct Traffic {
  uint64_t sent = 0, received = 0;
  uint64_t connections = 0, resumed = 0;
};

// "https://host:port/prefix" in parts; kInvalidArgument for anything else.
struct HttpsAddress {
  std::string host, port, prefix;
  static Result<HttpsAddress> parse(const std::string& url);
};

// The authority's certificates and the settings of TLS; shared by clients.
class TlsContext {
 public:
  // `ca_file` in PEM; empty: the system's authorities. `time_s`: certificates are judged by this time (seconds since 1970); 0: by the system's clock.
  static Result<std::shared_ptr<TlsContext>> open(const std::string& ca_file, int64_t time_s = 0);
  ~TlsContext();
  void* get() const { return context_; }

 private:
  void* context_ = nullptr;
};

// One client: a certificate, and the session that its next connection resumes. Belongs to one thread at a time.
class HttpsClient {
 public:
  HttpsClient(std::shared_ptr<TlsContext> context, tuf::HttpOptions options);
  ~HttpsClient();
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  // Key and certificate in PEM; without them the server sees nobody.
  Result<void> identify(const std::string& certificate_pem, const std::string& key_pem);

  using BodySink = std::function<Result<void>(int status, ByteSpan)>;
  // At most `most_bytes` of body (kBudget), told piece by piece. kIo: no connection, a wrong certificate, a cut, or slower than the options allow.
  Result<HttpsReply> ask(const HttpsAddress& server, const HttpsRequest& request, uint64_t most_bytes, const BodySink& sink);

  const Traffic& traffic() const { return traffic_; }
  // Forgets the session: the next connection makes a whole handshake.
  void forget();

 private:
  struct Connection;
  Result<void> connect(const HttpsAddress& server, Connection& to);
  Result<HttpsReply> receive(Connection& from, uint64_t most_bytes, const BodySink& sink);
  static int keep_session(void* ssl, void* session);

  std::shared_ptr<TlsContext> context_;
  tuf::HttpOptions options_;
  void *certificate_ = nullptr, *key_ = nullptr, *session_ = nullptr;
  Traffic traffic_;
  friend class TlsContext;
};

// Update metadata and targets over an HttpsClient, which must outlive the transport.
std::unique_ptr<tuf::Transport> make_https_transport(HttpsClient& client);

}  // namespace verge::agent
