#include "fleet/api.h"

#include "core/digest.h"
#include "core/text.h"

namespace verge::fleet {
namespace {

constexpr size_t kMostText = 512, kMostTelemetry = 256, kMostRecord = 4096;
constexpr int64_t kMostRuns = 1'000'000;

Error unauthorised(const std::string& why) { return Error(Code::kIntegrity, why); }

Result<std::string> short_text(const Json& j, const char* name) {
  const auto it = j.find(name);
  if (it == j.end()) return std::string();
  if (!it->is_string() || it->get_ref<const std::string&>().size() > kMostText) return corrupt(std::string("'") + name + "' is not a short text");
  return it->get<std::string>();
}

Result<int64_t> whole(const Json& j, const char* name, int64_t otherwise) {
  const auto it = j.find(name);
  if (it == j.end()) return otherwise;
  if (!it->is_number_integer()) return corrupt(std::string("'") + name + "' is not an integer");
  return it->get<int64_t>();
}

int status_of(Code code) {
  switch (code) {
    case Code::kIntegrity: return 401;
    case Code::kNotFound: return 404;
    case Code::kInvalidArgument:
    case Code::kCorrupt: return 400;
    default: return 500;
  }
}

std::string etag_of(const std::string& body) { return "\"" + sha256_hex(body).substr(0, 16) + "\""; }

Result<Json> parse_object(const std::string& body) {
  VERGE_TRY(Json j, parse_json(body));
  if (!j.is_object()) return corrupt("the body is no JSON object");
  return j;
}

}  // namespace

namespace {

Result<void> parse_state(const Json& j, Report& out) {
  VERGE_TRY(out.hardware, short_text(j, "hardware"));
  VERGE_TRY(out.hash, short_text(j, "hash"));
  VERGE_TRY(out.state, short_text(j, "state"));
  VERGE_TRY(out.health, short_text(j, "health"));
  VERGE_TRY(out.reason, short_text(j, "reason"));
  VERGE_TRY(out.failed, short_text(j, "failed"));
  VERGE_TRY(out.version, whole(j, "version", 0));
  if (out.health != "HEALTHY" && out.health != "DEGRADED") out.health = "UNKNOWN";
  if (const auto numbers = j.find("numbers"); numbers != j.end()) {
    out.numbers = numbers->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (!numbers->is_object() || out.numbers.size() > kMostRecord) return corrupt("'numbers' is no object of at most 4 KB");
  }
  const auto shadow = j.find("shadow");
  if (shadow == j.end()) return done();
  if (!shadow->is_object()) return corrupt("'shadow' is no object");
  VERGE_TRY(out.shadow, short_text(*shadow, "hash"));
  VERGE_TRY(out.shadow_runs, whole(*shadow, "runs", 0));
  VERGE_TRY(out.shadow_agreed, whole(*shadow, "agreed", 0));
  const bool possible = out.shadow_runs >= 0 && out.shadow_runs <= kMostRuns && out.shadow_agreed >= 0 && out.shadow_agreed <= out.shadow_runs;
  return possible ? done() : Result<void>(corrupt("'shadow' counts what cannot be"));
}

Result<void> parse_telemetry(const Json& j, Report& out) {
  const auto telemetry = j.find("telemetry");
  if (telemetry == j.end()) return done();
  if (!telemetry->is_array() || telemetry->size() > kMostTelemetry) return corrupt("'telemetry' is not a short list");
  for (const Json& record : *telemetry) {
    if (!record.is_object()) return corrupt("a telemetry record is no object");
    VERGE_TRY(const int64_t sequence, whole(record, "sequence", -1));
    const std::string text = record.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (sequence < 0 || text.size() > kMostRecord) return corrupt("a telemetry record has no sequence or more than 4 KB");
    out.telemetry.push_back({sequence, text});
  }
  return done();
}

}  // namespace

Result<Report> parse_report(const std::string& body) {
  VERGE_TRY(const Json j, parse_object(body));
  Report out;
  const auto same = j.find("same");
  out.same = same != j.end() && *same == true;
  if (!out.same) VERGE_CHECK(parse_state(j, out));
  VERGE_CHECK(parse_telemetry(j, out));
  return out;
}

Result<Json> Api::enrol(const Question& q, int64_t now_s) {
  VERGE_TRY(const Json j, parse_object(q.body));
  VERGE_TRY(const std::string device, short_text(j, "device"));
  VERGE_TRY(const std::string token, short_text(j, "token"));
  const auto request = j.find("request");
  if (request == j.end() || !request->is_string()) return corrupt("'request' is no certificate request in PEM");
  VERGE_TRY(const std::string certificate, authority_.certify(request->get<std::string>(), device));
  VERGE_CHECK(registry_.enrol(token, device, now_s));
  return Json{{"certificate", certificate}, {"root", first_root_}};
}

Result<Answer> Api::check_in(const Question& q, int64_t now_s) {
  if (q.device.empty()) return unauthorised("a check-in needs the device's certificate; enrol it first");
  VERGE_TRY(const Report report, parse_report(q.body));
  VERGE_TRY(const std::string running, registry_.check_in(q.device, report, now_s));
  VERGE_TRY(const auto wanted, registry_.desired(q.device, running));
  Json body = Json::object();
  if (wanted) body = {{"deployment", wanted->id}, {"target", wanted->target}, {"hash", wanted->hash}, {"version", wanted->version}, {"bytes", wanted->bytes}};
  if (wanted && wanted->agreement > 0) body["shadow"] = true;
  Answer out;
  out.body = body.dump();
  out.etag = etag_of(out.body);
  if (q.etag != out.etag) return out;
  out.status = 304;
  out.body.clear();
  return out;
}

// What people and scripts ask, with a token.
Result<Json> Api::operate(const Question& q, int64_t now_s) {
  const bool write = q.method != "GET";
  if (!registry_.may(q.token, write)) return unauthorised(write ? "this needs an admin token" : "this needs a token");
  if (q.path == "/v1/devices") return registry_.devices();
  if (q.path == "/v1/audit") return registry_.audit_log();
  if (q.path == "/v1/deployments" && !write) return registry_.deployments();
  const std::vector<std::string> parts = split(q.path, '/');  // "", "v1", "deployments", ID, VERB
  if (parts.size() == 5 && parts[2] == "deployments" && write) {
    VERGE_CHECK(registry_.steer(std::atoll(parts[3].c_str()), parts[4], "api", now_s));
    return registry_.deployments();
  }
  return not_found("no such thing as " + q.path);
}

Result<Answer> Api::route(const Question& q, int64_t now_s) {
  if (q.path == "/v1/checkin") return check_in(q, now_s);
  if (q.path == "/metrics") {
    VERGE_TRY(std::string text, registry_.metrics(now_s));
    return Answer{200, std::move(text), "text/plain; version=0.0.4", ""};
  }
  if (!starts_with(q.path, "/v1/")) return not_found("no such thing as " + q.path);
  VERGE_TRY(const Json body, q.path == "/v1/enrol" ? enrol(q, now_s) : operate(q, now_s));
  return Answer{200, body.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json", ""};
}

Answer Api::answer(const Question& q, int64_t now_s) {
  auto out = route(q, now_s);
  if (out.ok()) return std::move(*out);
  return Answer{status_of(out.error().code()), Json{{"error", out.error().message()}}.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json",
                ""};
}

}  // namespace verge::fleet
