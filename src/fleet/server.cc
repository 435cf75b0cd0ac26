#include "fleet/server.h"

#include <httplib.h>

#include <ctime>
#include <thread>

#include "core/text.h"

namespace verge::fleet {
namespace {

constexpr size_t kMostBody = 256 * 1024;
// The dashboard's page loads nothing from elsewhere and is framed by nobody.
constexpr char kPolicy[] = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr int kWaiting = 2048;  // connections that the kernel keeps until a thread is free

// TLS 1.2 or newer; a client's certificate is asked for, and refused when it is not of the fleet's authority.
bool set_up(SSL_CTX& context, const Authority& authority) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char kSession[] = "verge";
  SSL_CTX_set_max_send_fragment(&context, 4096);  // a cut connection loses at most one record
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_id_context(&context, kSession, sizeof kSession - 1);
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(authority.path("ca.pem").c_str());
  SSL_CTX_set_client_CA_list(&context, names);
  return SSL_CTX_load_verify_locations(&context, authority.path("ca.pem").c_str(), nullptr) == 1 &&
         SSL_CTX_use_certificate_chain_file(&context, authority.path("server.pem").c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(&context, authority.path("server.key.pem").c_str(), SSL_FILETYPE_PEM) == 1;
}

std::string common_name(const SSL* ssl) {
  X509* certificate = ssl ? SSL_get_peer_certificate(const_cast<SSL*>(ssl)) : nullptr;
  char name[128] = "";
  const bool good = certificate && SSL_get_verify_result(ssl) == X509_V_OK &&
                    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name) > 0;
  X509_free(certificate);
  return good ? name : "";
}

class HttpsServer final : public Server {
 public:
  HttpsServer(Api& api, const Authority& authority) : server_([&](SSL_CTX& context) { return set_up(context, authority); }), api_(api) {}
  ~HttpsServer() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  int port() const override { return port_; }

  Result<void> begin(const ServerOptions& options, const std::string& updates) {
    if (!server_.is_valid()) return io_error("the server's certificate or key cannot be read");
    const int threads = options.threads;
    server_.new_task_queue = [threads] { return new httplib::ThreadPool(static_cast<size_t>(threads)); };
    server_.set_payload_max_length(kMostBody);
    server_.set_read_timeout(10);
    server_.set_write_timeout(30);
    server_.set_keep_alive_timeout(5);
    if (!server_.set_mount_point("/updates/metadata", updates + "/metadata") || !server_.set_mount_point("/updates/targets", updates + "/targets"))
      return io_error("'" + updates + "' is not a repository of updates");
    const auto handler = [this](const httplib::Request& request, httplib::Response& response) { handle(request, response); };
    server_.Get("/.*", handler);
    server_.Post("/.*", handler);
    int listening = -1;
    server_.set_socket_options([&listening](socket_t s) {
      const int one = 1;
      ::setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
      listening = s;
    });
    server_.set_tcp_nodelay(true);
    port_ = options.port ? (server_.bind_to_port(options.host.c_str(), options.port) ? options.port : -1) : server_.bind_to_any_port(options.host.c_str());
    if (port_ <= 0) return io_error(format("port %d of %s is taken or not ours; choose another with --port", options.port, options.host.c_str()));
    ::listen(listening, kWaiting);  // the library's queue holds five
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    return done();
  }

 private:
  void handle(const httplib::Request& request, httplib::Response& response) {
    Question q{request.method, request.path, request.body, common_name(request.ssl), "", request.get_header_value("If-None-Match"), {}};
    const std::string authorization = request.get_header_value("Authorization");
    if (starts_with(authorization, "Bearer ")) q.token = authorization.substr(7);
    for (const auto& [name, value] : request.params) q.parameters[name] = value;
    const Answer a = api_.answer(q, std::time(nullptr));
    if (starts_with(a.type, "text/")) response.set_header("X-Content-Type-Options", "nosniff");  // not at check-ins, whose bytes count
    if (starts_with(a.type, "text/html")) response.set_header("Content-Security-Policy", kPolicy);
    response.status = a.status;
    if (!a.etag.empty()) response.set_header("ETag", a.etag);
    if (a.status != 304) response.set_content(a.body, a.type.c_str());
  }

  httplib::SSLServer server_;
  Api& api_;
  std::thread thread_;
  int port_ = -1;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Api& api, const Authority& authority, const std::string& updates) {
  auto out = std::make_unique<HttpsServer>(api, authority);
  VERGE_CHECK(out->begin(options, updates));
  return std::unique_ptr<Server>(std::move(out));
}

}  // namespace verge::fleet
