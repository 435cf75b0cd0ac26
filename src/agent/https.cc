#include "agent/https.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/http_head.h"
#include "core/text.h"
#include "os/clock.h"
#include "tuf/openssl.h"

namespace verge::agent {
namespace {

constexpr size_t kMostHeader = 16 * 1024;
constexpr size_t kPiece = 16 * 1024;

SSL_CTX* context_of(const TlsContext& context) { return static_cast<SSL_CTX*>(context.get()); }

std::string tls_reason() {
  const unsigned long code = ERR_get_error();
  const char* words = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return words ? words : "the connection was cut";
}

class HttpsTransport final : public tuf::Transport {
 public:
  explicit HttpsTransport(HttpsClient& client) : client_(client) {}

  Result<void> fetch(const std::string& url, uint64_t most_bytes, uint64_t from_byte, const tuf::Sink& sink) override {
    VERGE_TRY(const HttpsAddress address, HttpsAddress::parse(url));
    HttpsRequest request{"GET", "", {}, ""};
    if (from_byte) request.headers.push_back("Range: bytes=" + std::to_string(from_byte) + "-");
    const int wanted = from_byte ? 206 : 200;
    VERGE_TRY(const HttpsReply reply, client_.ask(address, request, std::max<uint64_t>(most_bytes, 4096), [&](int status, ByteSpan piece) -> Result<void> {
      if (status != wanted) return done();  // an error page; its status is the answer
      if (piece.size() > most_bytes) return Error(Code::kBudget, "more bytes came than were allowed");
      most_bytes -= piece.size();
      return sink(piece);
    }));
    if (reply.status == wanted) return done();
    return Error(reply.status == 404 || reply.status == 403 ? Code::kNotFound : Code::kIo, url + format(": the server answers %d", reply.status));
  }

 private:
  HttpsClient& client_;
};

}  // namespace

Result<HttpsAddress> HttpsAddress::parse(const std::string& url) {
  if (!starts_with(url, "https://")) return invalid("'" + url + "' does not begin with https://");
  const std::string rest = url.substr(8);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string where = rest.substr(0, slash);
  const size_t bracket = where.rfind(']'), colon = where.rfind(':');
  const bool port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  HttpsAddress out{port ? where.substr(0, colon) : where, port ? where.substr(colon + 1) : "443", rest.substr(slash)};
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') out.host = out.host.substr(1, out.host.size() - 2);
  const bool plain = std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return c > ' ' && c < 127; });
  if (out.host.empty() || out.port.empty() || !plain) return invalid("'" + url + "' is no address like https://host:port");
  return out;
}

Result<std::shared_ptr<TlsContext>> TlsContext::open(const std::string& ca_file, int64_t time_s) {
  auto out = std::shared_ptr<TlsContext>(new TlsContext);
  SSL_CTX* c = SSL_CTX_new(TLS_client_method());
  out->context_ = c;
  if (!c) return internal("OpenSSL cannot start: " + tls_reason());
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  if (time_s > 0) X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(c), static_cast<time_t>(time_s));
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(c, [](SSL* ssl, SSL_SESSION* session) { return HttpsClient::keep_session(ssl, session); });
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(c) : SSL_CTX_load_verify_locations(c, ca_file.c_str(), nullptr);
  if (loaded != 1) return io_error("'" + ca_file + "' holds no certificates in PEM");
  return out;
}

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

struct HttpsClient::Connection {
  int fd = -1;
  SSL* ssl = nullptr;
  double deadline = 0;
  long least_bytes_per_s = 0, slow_after_s = 0;
  uint64_t at_mark = 0, bytes = 0;
  double mark = 0;

  ~Connection() {
    if (ssl) {
      SSL_shutdown(ssl);
      SSL_free(ssl);
    }
    if (fd >= 0) ::close(fd);
  }

  // Waits until the socket can go on; false after the deadline, or when too few bytes came for too long.
  bool wait(short events) {
    const double now = now_s();
    if (mark == 0) mark = now;
    if (now - mark > static_cast<double>(slow_after_s)) {
      if (bytes - at_mark < static_cast<uint64_t>(least_bytes_per_s * slow_after_s)) return false;
      mark = now;
      at_mark = bytes;
    }
    pollfd p{fd, events, 0};
    const double until = deadline > 0 ? std::min(deadline, mark + static_cast<double>(slow_after_s)) : mark + static_cast<double>(slow_after_s);
    const int ms = static_cast<int>(std::clamp((until - now) * 1000, 0.0, 60000.0)) + 1;
    return ::poll(&p, 1, ms) > 0 || (deadline == 0 || now_s() < deadline);
  }

  // SSL_connect, SSL_read or SSL_write until it is done. Positive: what it says; 0: the other side has ended; negative: broken.
  template <class Step> int go(const Step& step) {
    for (int waits = 0; waits < 1'000'000; ++waits) {
      ERR_clear_error();
      const int n = step();
      if (n > 0) return bytes += static_cast<uint64_t>(n), n;
      const int why = SSL_get_error(ssl, n);
      if (why == SSL_ERROR_ZERO_RETURN) return 0;
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return -1;
      if (!wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return -1;
    }
    return -1;
  }
};

HttpsClient::HttpsClient(std::shared_ptr<TlsContext> context, tuf::HttpOptions options) : context_(std::move(context)), options_(std::move(options)) {}

HttpsClient::~HttpsClient() {
  forget();
  X509_free(static_cast<X509*>(certificate_));
  EVP_PKEY_free(static_cast<EVP_PKEY*>(key_));
}

void HttpsClient::forget() {
  SSL_SESSION_free(static_cast<SSL_SESSION*>(session_));
  session_ = nullptr;
}

// OpenSSL's callback: the session is ours when it is kept.
int HttpsClient::keep_session(void* ssl, void* session) {
  auto* client = static_cast<HttpsClient*>(SSL_get_app_data(static_cast<SSL*>(ssl)));
  if (!client) return 0;
  client->forget();
  client->session_ = session;
  return 1;
}

Result<void> HttpsClient::identify(const std::string& certificate_pem, const std::string& key_pem) {
  openssl::Certificate certificate(PEM_read_bio_X509(openssl::reader_of(certificate_pem).get(), nullptr, nullptr, nullptr));
  openssl::Key key = openssl::parse_secret(key_pem);
  if (!certificate || !key) return corrupt("the device's certificate or key is no PEM; enrol the device again");
  X509_free(static_cast<X509*>(certificate_));
  EVP_PKEY_free(static_cast<EVP_PKEY*>(key_));
  certificate_ = certificate.release();
  key_ = key.release();
  return done();
}

namespace {

// A connected socket that does not block, or -1.
int connect_to(const addrinfo& a, double deadline) {
  const int fd = ::socket(a.ai_family, a.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a.ai_protocol);
  if (fd < 0) return -1;
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int error = ::connect(fd, a.ai_addr, a.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd p{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    const bool ready = ::poll(&p, 1, static_cast<int>(std::clamp((deadline - now_s()) * 1000, 1.0, 60000.0))) > 0;
    if (!ready || ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = ETIMEDOUT;
  }
  if (error == 0) return fd;
  ::close(fd);
  errno = error;
  return -1;
}

Result<int> open_socket(const HttpsAddress& server, double deadline) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (const int code = ::getaddrinfo(server.host.c_str(), server.port.c_str(), &hints, &list); code != 0)
    return io_error(server.host + ": " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  for (const addrinfo* a = list; a; a = a->ai_next)
    if (const int fd = connect_to(*a, deadline); fd >= 0) return fd;
  return io_error(server.host + ":" + server.port + ": " + std::strerror(errno));
}

bool expects_host(SSL* ssl, const std::string& host) {
  unsigned char address[16];
  const bool number = ::inet_pton(AF_INET, host.c_str(), address) == 1 || ::inet_pton(AF_INET6, host.c_str(), address) == 1;
  if (number) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

}  // namespace

Result<void> HttpsClient::connect(const HttpsAddress& server, Connection& to) {
  to.deadline = now_s() + static_cast<double>(options_.connect_timeout_s);
  to.least_bytes_per_s = options_.least_bytes_per_s;
  to.slow_after_s = options_.slow_after_s;
  VERGE_TRY(to.fd, open_socket(server, to.deadline));
  to.ssl = SSL_new(context_of(*context_));
  if (!to.ssl || SSL_set_fd(to.ssl, to.fd) != 1 || !expects_host(to.ssl, server.host)) return internal("OpenSSL: " + tls_reason());
  SSL_set_app_data(to.ssl, this);
  if (certificate_ && (SSL_use_certificate(to.ssl, static_cast<X509*>(certificate_)) != 1 || SSL_use_PrivateKey(to.ssl, static_cast<EVP_PKEY*>(key_)) != 1))
    return corrupt("the device's certificate and key do not belong together; enrol the device again");
  if (session_) SSL_set_session(to.ssl, static_cast<SSL_SESSION*>(session_));
  if (to.go([&] { return SSL_connect(to.ssl); }) <= 0) {
    forget();  // a session that the server cannot take must not stand in the way of the next connection
    const long verdict = SSL_get_verify_result(to.ssl);
    if (verdict != X509_V_OK) return io_error(server.host + ": the server's certificate: " + X509_verify_cert_error_string(verdict));
    return io_error(server.host + ": TLS: " + tls_reason());
  }
  ++traffic_.connections;
  traffic_.resumed += SSL_session_reused(to.ssl) == 1;
  to.deadline = 0;
  return done();
}

Result<HttpsReply> HttpsClient::receive(Connection& from, uint64_t most_bytes, const BodySink& sink) {
  char piece[kPiece];
  const auto more = [&] {
    const int n = from.go([&] { return SSL_read(from.ssl, piece, sizeof piece); });
    if (n > 0) traffic_.received += static_cast<uint64_t>(n);
    return n;
  };
  std::string text;
  size_t end;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (text.size() > kMostHeader) return Error(Code::kBudget, "the answer's header has no end");
    const int n = more();
    if (n <= 0) return io_error(n == 0 ? "the connection ended before the answer" : tls_reason());
    text.append(piece, static_cast<size_t>(n));
  }
  VERGE_TRY(const HttpHead head, parse_http_head(std::string_view(text).substr(0, end)));
  if (head.length >= 0 && static_cast<uint64_t>(head.length) > most_bytes) return Error(Code::kBudget, "more bytes are announced than were allowed");
  uint64_t left = head.length >= 0 ? static_cast<uint64_t>(head.length) : most_bytes;
  const auto give = [&](const char* data, size_t bytes) -> Result<void> {
    if (bytes > left) return Error(Code::kBudget, "more bytes came than were allowed");
    left -= bytes;
    return bytes ? sink(head.status, {reinterpret_cast<const uint8_t*>(data), bytes}) : done();
  };
  VERGE_CHECK(give(text.data() + end + 4, text.size() - end - 4));
  while (left > 0 || head.length < 0) {
    const int n = more();
    if (n == 0 && head.length < 0) break;
    if (n <= 0) return io_error(n == 0 ? "the connection ended within the answer" : tls_reason());
    VERGE_CHECK(give(piece, static_cast<size_t>(n)));
  }
  return HttpsReply{head.status, head.etag, head.retry_after_s};
}

Result<HttpsReply> HttpsClient::ask(const HttpsAddress& server, const HttpsRequest& request, uint64_t most_bytes, const BodySink& sink) {
  Connection connection;
  VERGE_CHECK(connect(server, connection));
  std::string text = request.method + " " + server.prefix + request.path + " HTTP/1.0\r\nHost: " + server.host + ":" + server.port + "\r\n";
  for (const std::string& header : request.headers) text += header + "\r\n";
  if (!options_.bearer.empty()) text += "Authorization: Bearer " + options_.bearer + "\r\n";
  if (request.method != "GET") text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  text += "\r\n" + request.body;
  for (size_t at = 0; at < text.size();) {
    const int n = connection.go([&] { return SSL_write(connection.ssl, text.data() + at, static_cast<int>(std::min(text.size() - at, kPiece))); });
    if (n <= 0) return io_error(server.host + ": " + tls_reason());
    at += static_cast<size_t>(n);
    traffic_.sent += static_cast<uint64_t>(n);
  }
  VERGE_TRY(const HttpsReply reply, receive(connection, most_bytes, sink), "https://" + server.host + ":" + server.port);
  return reply;
}

std::unique_ptr<tuf::Transport> make_https_transport(HttpsClient& client) { return std::make_unique<HttpsTransport>(client); }

}  // namespace verge::agent
