#include "fleet/api.h"

#include <charconv>
#include <optional>

#include "agent/sealed.h"
#include "core/digest.h"
#include "core/text.h"
#include "fleet/dashboard.h"

namespace verge::fleet {
namespace {

constexpr size_t kMostText = 512, kMostTelemetry = 256, kMostRecord = 4096;
constexpr size_t kMostLabels = 16, kMostLabel = 64;
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

Result<void> parse_labels(const Json& j, Report& out) {
  const auto labels = j.find("labels");
  if (labels == j.end()) return done();
  if (!labels->is_object() || labels->size() > kMostLabels) return corrupt("'labels' is no object of at most 16 texts");
  for (const auto& [name, value] : labels->items()) {
    if (!value.is_string() || name.size() > kMostLabel || value.get_ref<const std::string&>().size() > kMostLabel)
      return corrupt("a label is no text of at most 64 bytes");
    out.labels[name] = value.get<std::string>();
  }
  return done();
}

Result<void> parse_state(const Json& j, Report& out) {
  VERGE_TRY(out.hardware, short_text(j, "hardware"));
  VERGE_TRY(out.hash, short_text(j, "hash"));
  VERGE_TRY(out.state, short_text(j, "state"));
  VERGE_TRY(out.health, short_text(j, "health"));
  VERGE_TRY(out.reason, short_text(j, "reason"));
  VERGE_TRY(out.failed, short_text(j, "failed"));
  VERGE_TRY(out.version, whole(j, "version", 0));
  VERGE_CHECK(parse_labels(j, out));
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

namespace {

Answer json_answer(const Json& body) { return {200, body.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json", ""}; }

std::string parameter(const Question& q, const std::string& name) {
  const auto it = q.parameters.find(name);
  return it == q.parameters.end() ? "" : it->second;
}

// Who asks, for the audit log.
std::string asker(const Question& q) { return "token " + sha256_hex(q.token).substr(0, 8); }

// A whole number of at most `most`; `otherwise` when the question has none.
Result<int64_t> counted(const Question& q, const std::string& name, int64_t otherwise, int64_t most) {
  const std::string text = parameter(q, name);
  if (text.empty()) return otherwise;
  int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0 || out > most)
    return invalid(format("'%s' is '%.40s', a number from 0 to %lld is wanted", name.c_str(), text.c_str(), static_cast<long long>(most)));
  return out;
}

// What `path` has in the places of the pattern's {names}; nothing when it is another path.
std::optional<std::map<std::string, std::string>> parts_of(const std::string& pattern, const std::string& path) {
  const std::vector<std::string> wanted = split(pattern, '/'), found = split(path, '/');
  if (wanted.size() != found.size()) return std::nullopt;
  std::map<std::string, std::string> out;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool named = !wanted[i].empty() && wanted[i][0] == '{';
    if (named ? found[i].empty() : wanted[i] != found[i]) return std::nullopt;
    if (named) out[wanted[i].substr(1, wanted[i].size() - 2)] = found[i];
  }
  return out;
}

}  // namespace

Result<Answer> Api::enrol(const Question& q, int64_t now_s) {
  VERGE_TRY(const Json j, parse_object(q.body));
  VERGE_TRY(const std::string device, short_text(j, "device"));
  VERGE_TRY(const std::string token, short_text(j, "token"));
  const auto request = j.find("request");
  if (request == j.end() || !request->is_string()) return corrupt("'request' is no certificate request in PEM");
  VERGE_TRY(const std::string certificate, authority_.certify(request->get<std::string>(), device));
  VERGE_TRY(const std::string box, short_text(j, "box"));
  if (!box.empty() && !agent::seal_key({}, box).ok()) return corrupt("'box' is no key of 64 hex digits");
  VERGE_CHECK(registry_.enrol(token, device, now_s, box));
  return json_answer({{"certificate", certificate}, {"root", first_root_}});
}

Result<Answer> Api::check_in(const Question& q, int64_t now_s) {
  VERGE_TRY(const Report report, parse_report(q.body));
  VERGE_TRY(const std::string running, registry_.check_in(q.device, report, now_s));
  VERGE_TRY(const auto wanted, registry_.desired(q.device, running));
  Json body = Json::object();
  if (wanted) body = {{"deployment", wanted->id}, {"target", wanted->target}, {"hash", wanted->hash}, {"version", wanted->version}, {"bytes", wanted->bytes}};
  if (wanted && wanted->agreement > 0) body["shadow"] = true;
  Answer out;
  out.body = body.dump();
  out.etag = etag_of(out.body);  // without the key, which is sealed anew each time
  if (q.etag == out.etag) {
    out.status = 304;
    out.body.clear();
  } else if (wanted && !wanted->key.empty()) {
    VERGE_TRY(body["key"], sealed_key(*wanted, q.device));
    out.body = body.dump();
  }
  return out;
}

Result<std::string> Api::sealed_key(const Deployment& d, const std::string& device) {
  VERGE_TRY(const std::string box, registry_.box_of(device));
  if (box.empty()) return invalid("the release is sealed, and the device '" + device + "' enrolled without a key; enrol it again under another name");
  VERGE_TRY(const agent::ReleaseKey key, agent::parse_key(d.key));
  return agent::seal_key(key, box);
}

Result<Answer> Api::summary(const Question&, int64_t now_s) {
  VERGE_TRY(const Json out, registry_.summary(now_s));
  return json_answer(out);
}

Result<Answer> Api::devices(const Question& q, int64_t now_s) {
  constexpr int64_t kMostDevices = 1'000'000;
  VERGE_TRY(const Group group, Group::parse(parameter(q, "query")));
  VERGE_TRY(const int64_t limit, counted(q, "limit", kMostDevices, kMostDevices));
  VERGE_TRY(const Json out, registry_.devices(now_s, group, parameter(q, "after"), static_cast<size_t>(limit)));
  return json_answer(out);
}

Result<Answer> Api::device(const Question& q, int64_t) {
  VERGE_TRY(const Json out, registry_.device(parameter(q, "device")));
  return json_answer(out);
}

Result<Answer> Api::remove(const Question& q, int64_t now_s) {
  VERGE_CHECK(registry_.remove(parameter(q, "device"), asker(q), now_s));
  return json_answer(Json::object());
}

Result<Answer> Api::deployments(const Question&, int64_t) {
  VERGE_TRY(const Json out, registry_.deployments());
  return json_answer(out);
}

Result<Answer> Api::deployment(const Question& q, int64_t) {
  VERGE_TRY(const int64_t id, counted(q, "deployment", 0, INT64_MAX));
  VERGE_TRY(const Json out, registry_.deployment_in_full(id));
  return json_answer(out);
}

Result<Answer> Api::steer(const Question& q, int64_t now_s) {
  VERGE_TRY(const int64_t id, counted(q, "deployment", 0, INT64_MAX));
  VERGE_CHECK(registry_.steer(id, parameter(q, "verb"), asker(q), now_s));
  return deployments(q, now_s);
}

Result<Answer> Api::audit(const Question&, int64_t) {
  VERGE_TRY(const Json out, registry_.audit_log());
  return json_answer(out);
}

Result<Answer> Api::metrics(const Question&, int64_t now_s) {
  VERGE_TRY(std::string text, registry_.metrics(now_s));
  return Answer{200, std::move(text), "text/plain; version=0.0.4", ""};
}

Result<Answer> Api::describe(const Question&, int64_t) { return json_answer(description()); }

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> kRoutes = {
      {"POST", "/v1/enrol", "Exchange an enrolment token and a certificate request for a certificate", Asker::kAnybody, &Api::enrol, ""},
      {"POST", "/v1/checkin", "Tell what a device runs, hear what it shall run", Asker::kDevice, &Api::check_in, ""},
      {"GET", "/v1/summary", "Counts of the fleet: versions by hardware, health, drift, silence", Asker::kReader, &Api::summary, ""},
      {"GET", "/v1/devices", "Devices by name; query as in docs/fleet.md, after and limit for pages", Asker::kReader, &Api::devices, "query,after,limit"},
      {"GET", "/v1/devices/{device}", "One device: desired and actual state, timeline, last telemetry", Asker::kReader, &Api::device, ""},
      {"POST", "/v1/devices/{device}/remove", "Shut a lost or stolen device out for ever", Asker::kAdmin, &Api::remove, ""},
      {"GET", "/v1/deployments", "Deployments, the newest first", Asker::kReader, &Api::deployments, ""},
      {"GET", "/v1/deployments/{deployment}", "One deployment: devices in each step, the gate's evidence", Asker::kReader, &Api::deployment, ""},
      {"POST", "/v1/deployments/{deployment}/{verb}", "pause, resume, abort or promote a deployment", Asker::kAdmin, &Api::steer, ""},
      {"GET", "/v1/audit", "Every change, who made it and when", Asker::kReader, &Api::audit, ""},
      {"GET", "/v1/openapi.json", "This description", Asker::kAnybody, &Api::describe, ""},
      {"GET", "/metrics", "Prometheus text", Asker::kAnybody, &Api::metrics, ""},
  };
  return kRoutes;
}

Json Api::description() {
  Json paths = Json::object();
  for (const Route& r : routes()) {
    Json parameters = Json::array();
    const auto add = [&](const std::string& name, const char* in, bool required) {
      parameters.push_back({{"name", name}, {"in", in}, {"required", required}, {"schema", {{"type", "string"}}}});
    };
    for (const std::string& part : split(r.path, '/'))
      if (starts_with(part, "{")) add(part.substr(1, part.size() - 2), "path", true);
    for (const std::string& name : split(r.parameters, ','))
      if (!name.empty()) add(name, "query", false);
    Json operation = {{"summary", r.summary},
                      {"parameters", parameters},
                      {"responses", {{"200", {{"description", "done"}}}, {"default", {{"description", "{\"error\": words}"}}}}}};
    if (r.method == std::string("POST") && r.asker != Asker::kAdmin)
      operation["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}};
    if (r.asker == Asker::kReader || r.asker == Asker::kAdmin) operation["security"] = Json::array({{{"token", Json::array()}}});
    if (r.asker == Asker::kDevice) operation["security"] = Json::array({{{"certificate", Json::array()}}});
    paths[r.path][lower_case(r.method)] = operation;
  }
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Verge fleet server"}, {"version", "1"}, {"license", {{"name", "Apache-2.0"}}}}},
          {"paths", paths},
          {"components", {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}, {"certificate", {{"type", "mutualTLS"}}}}}}}};
}

Result<void> Api::admit(const Route& r, const Question& q) {
  switch (r.asker) {
    case Asker::kAnybody: return done();
    case Asker::kDevice: return q.device.empty() ? unauthorised("a check-in needs the device's certificate; enrol it first") : done();
    case Asker::kReader: return registry_.may(q.token, false) ? done() : unauthorised("this needs a token; make one with  verge fleet token --role read");
    case Asker::kAdmin: return registry_.may(q.token, true) ? done() : unauthorised("this needs an admin token");
  }
  return internal("no such asker");
}

Result<Answer> Api::route(const Question& q, int64_t now_s) {
  for (const Route& r : routes()) {
    const auto parts = q.method == r.method ? parts_of(r.path, q.path) : std::nullopt;
    if (!parts) continue;
    VERGE_CHECK(admit(r, q));
    Question asked = q;
    for (const auto& [name, value] : *parts) asked.parameters[name] = value;
    return (this->*r.handle)(asked, now_s);
  }
  const Asset* page = q.method == "GET" ? dashboard_asset(q.path) : nullptr;
  if (page) return Answer{200, std::string(page->bytes), page->type, ""};
  return not_found("no such thing as " + q.method + " " + q.path);
}

Answer Api::answer(const Question& q, int64_t now_s) {
  auto out = route(q, now_s);
  if (out.ok()) return std::move(*out);
  return Answer{status_of(out.error().code()), Json{{"error", out.error().message()}}.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json",
                ""};
}

}  // namespace verge::fleet
