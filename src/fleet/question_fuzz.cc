// Hostile questions to the server: any method, path, parameters and body, asked by anybody, a device or an administrator, end in an answer and never in 500.
//
// The input: a byte (1: POST, 2: a device's certificate, 4: the admin token), the path with its parameters up to a newline, the body.
#include <unistd.h>

#include <cstdlib>

#include "core/text.h"
#include "fleet/api.h"
#include "os/file.h"

namespace {

using namespace verge;
using namespace verge::fleet;

// A server without sockets, made anew now and then so that what it keeps stays small.
struct Server {
  explicit Server(const std::string& folder)
      : authority(std::move(*Authority::open(folder, {"localhost"}))), registry(std::move(*Registry::open(":memory:"))), api(*registry, authority, "{}") {
    admin = *registry->make_access_token("admin", 100);
    (void)registry->enrol(*registry->make_enrolment_token(100), "d", 100).ok();
    Deployment d;
    d.target = "m.vpk";
    d.hash = "m";
    d.version = 1;
    d.percent = 100;
    d.agreement = 0.95;
    (void)registry->deploy(d, "test", 100).ok();
  }
  Authority authority;
  std::unique_ptr<Registry> registry;
  Api api;
  std::string admin;
};

Server& server() {
  static int questions = 0;
  static std::unique_ptr<Server> now;
  if (questions++ % 5000 == 0) {
    const std::string folder = "/tmp/verge_question_fuzz_" + std::to_string(::getpid());
    (void)make_directories(folder).ok();
    now = std::make_unique<Server>(folder);
  }
  return *now;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Server& s = server();
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::vector<std::string> parts = split(text.substr(0, line), '?');
  Question q;
  q.method = data[0] & 1 ? "POST" : "GET";
  q.path = parts[0];
  q.body = line < text.size() ? text.substr(line + 1) : "";
  if (data[0] & 2) q.device = "d";
  if (data[0] & 4) q.token = s.admin;
  for (const std::string& p : split(parts.size() > 1 ? parts[1] : "", '&'))
    q.parameters[p.substr(0, p.find('='))] = p.substr(std::min(p.size(), p.find('=') + 1));
  const Answer a = s.api.answer(q, 200);
  if (a.status != 200 && a.status != 304 && a.status != 400 && a.status != 401 && a.status != 404) std::abort();
  if (a.type == "application/json" && a.status != 304 && !Json::accept(a.body)) std::abort();
  return 0;
}
