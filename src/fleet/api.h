// The server's answers, apart from how they travel: method, path, body and who asks -> status and body.
#pragma once
#include <map>
#include <vector>

#include "fleet/authority.h"
#include "fleet/registry.h"

namespace verge::fleet {

struct Question {
  std::string method, path, body;
  std::string device;                             // the common name of the client's certificate; empty without one
  std::string token;                              // of the Authorization header
  std::string etag;                               // of the If-None-Match header
  std::map<std::string, std::string> parameters;  // behind the '?'
};

struct Answer {
  int status = 200;
  std::string body, type = "application/json", etag;
};

class Api {
 public:
  Api(Registry& registry, const Authority& authority, std::string first_root)
      : registry_(registry), authority_(authority), first_root_(std::move(first_root)) {}
  // Errors are answers too: {"error": words} with 400, 401, 404 or 500.
  Answer answer(const Question& q, int64_t now_s);

  // The OpenAPI 3.1 description of every route that answer() knows.
  static Json description();

 private:
  enum class Asker { kAnybody, kDevice, kReader, kAdmin };
  // `path` has {names} for its parts; `handle` finds them in the question's parameters.
  struct Route {
    const char *method, *path, *summary;
    Asker asker;
    Result<Answer> (Api::*handle)(const Question& q, int64_t now_s);
    const char* parameters;  // behind the '?', joined by commas
  };
  static const std::vector<Route>& routes();
  Result<void> admit(const Route& route, const Question& q);
  Result<Answer> route(const Question& q, int64_t now_s);

  Result<Answer> enrol(const Question& q, int64_t now_s);
  Result<Answer> check_in(const Question& q, int64_t now_s);
  Result<std::string> sealed_key(const Deployment& d, const std::string& device);
  Result<Answer> summary(const Question& q, int64_t now_s);
  Result<Answer> devices(const Question& q, int64_t now_s);
  Result<Answer> device(const Question& q, int64_t now_s);
  Result<Answer> remove(const Question& q, int64_t now_s);
  Result<Answer> deployments(const Question& q, int64_t now_s);
  Result<Answer> deployment(const Question& q, int64_t now_s);
  Result<Answer> steer(const Question& q, int64_t now_s);
  Result<Answer> audit(const Question& q, int64_t now_s);
  Result<Answer> metrics(const Question& q, int64_t now_s);
  Result<Answer> describe(const Question& q, int64_t now_s);

  Registry& registry_;
  const Authority& authority_;
  std::string first_root_;  // root.json that devices trust from their enrolment on
};

// What a device sends at a check-in; unknown members are ignored.
Result<Report> parse_report(const std::string& body);

}  // namespace verge::fleet
