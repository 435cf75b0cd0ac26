#include "fleet/registry.h"

#include <sodium.h>

#include <algorithm>
#include <cmath>

#include "core/digest.h"
#include "core/text.h"
#include "os/clock.h"

namespace verge::fleet {
namespace {

constexpr int64_t kTokenLife = 3600, kSilent = 600;

constexpr const char* kSchema[] = {
    "CREATE TABLE IF NOT EXISTS tokens(hash TEXT PRIMARY KEY, role TEXT NOT NULL, made_s INTEGER NOT NULL, used_s INTEGER)",
    "CREATE TABLE IF NOT EXISTS devices(id TEXT PRIMARY KEY, enrolled_s INTEGER NOT NULL, seen_s INTEGER NOT NULL DEFAULT 0, hardware TEXT DEFAULT '', "
    "hash TEXT DEFAULT '', version INTEGER DEFAULT 0, state TEXT DEFAULT '', health TEXT DEFAULT 'UNKNOWN', reason TEXT DEFAULT '', failed TEXT DEFAULT '')",
    "CREATE INDEX IF NOT EXISTS devices_by_hash ON devices(hash)",
    "CREATE INDEX IF NOT EXISTS devices_by_failed ON devices(failed)",
    "CREATE TABLE IF NOT EXISTS deployments(id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, hash TEXT NOT NULL, version INTEGER NOT NULL, "
    "bytes INTEGER NOT NULL, percent INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT DEFAULT '', made_s INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS telemetry(device TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(device, sequence)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS shadows(hash TEXT NOT NULL, device TEXT NOT NULL, runs INTEGER NOT NULL, agreed INTEGER NOT NULL, PRIMARY KEY(hash, device)) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS events(device TEXT NOT NULL, n INTEGER NOT NULL, time_s INTEGER NOT NULL, what TEXT NOT NULL, PRIMARY KEY(device, n)) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS evidence(deployment INTEGER NOT NULL, runs INTEGER NOT NULL, agreed INTEGER NOT NULL, PRIMARY KEY(deployment, runs)) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS removed(id TEXT PRIMARY KEY, time_s INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS audit(n INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, hash TEXT NOT NULL)",
};

// Since the first form of the tables.
constexpr const char* kColumns[][3] = {
    {"devices", "numbers", "TEXT DEFAULT ''"},      {"deployments", "agreement", "REAL DEFAULT 0"},    {"deployments", "runs", "INTEGER DEFAULT 0"},
    {"deployments", "agreed", "INTEGER DEFAULT 0"}, {"deployments", "automatic", "INTEGER DEFAULT 0"}, {"deployments", "devices", "TEXT DEFAULT ''"},
    {"devices", "labels", "TEXT DEFAULT '{}'"},     {"devices", "box", "TEXT DEFAULT ''"},             {"deployments", "key", "TEXT DEFAULT ''"},
};

std::map<std::string, std::string> labels_of(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json.get<std::map<std::string, std::string>>() : std::map<std::string, std::string>();
}

std::string audit_hash(const std::string& before, int64_t n, int64_t time_s, const std::string& who, const std::string& what) {
  return sha256_hex(before + "\n" + std::to_string(n) + "\n" + std::to_string(time_s) + "\n" + who + "\n" + what);
}

Deployment deployment_of(const Row& r) {
  const double agreement = std::holds_alternative<double>(r[8]) ? std::get<double>(r[8]) : 0.0;
  return {integer(r[0]), text(r[1]),    text(r[2]),     integer(r[3]),       integer(r[4]), static_cast<int>(integer(r[5])), text(r[6]), text(r[7]),
          agreement,     integer(r[9]), integer(r[10]), integer(r[11]) != 0, text(r[12]), text(r[13])};
}

Json to_json(const Deployment& d) {
  return {{"id", d.id},           {"target", d.target},       {"hash", d.hash},      {"version", d.version},     {"bytes", d.bytes},
          {"percent", d.percent}, {"state", d.state},         {"reason", d.reason},  {"agreement", d.agreement}, {"runs", d.runs},
          {"agreed", d.agreed},   {"automatic", d.automatic}, {"devices", d.devices}};
}

constexpr const char* kDeviceColumns = "SELECT id, seen_s, hardware, hash, version, state, health, reason, numbers, labels FROM devices ";

Json device_of(const Row& r) {
  return {{"id", text(r[0])},
          {"seen_s", integer(r[1])},
          {"hardware", text(r[2])},
          {"hash", text(r[3])},
          {"version", integer(r[4])},
          {"state", text(r[5])},
          {"health", text(r[6])},
          {"reason", text(r[7])},
          {"numbers", text(r[8]).empty() ? Json() : Json::parse(text(r[8]), nullptr, false)},
          {"labels", labels_of(text(r[9]))}};
}

// What queries ask of a device. At `now_s` it is silent when it was not heard of for ten minutes; 0: nobody is.
Facts facts_of(const Row& r, int64_t now_s) {
  const bool drifted = text(r[8]).find("\"drift_alarm\":true") != std::string::npos;
  return {text(r[0]), text(r[2]), text(r[6]), text(r[5]), integer(r[4]), drifted, integer(r[1]) < now_s - kSilent, labels_of(text(r[9]))};
}

int next_phase(int percent) {
  for (const int phase : {1, 10, 50, 100})
    if (percent < phase) return phase;
  return 100;
}

bool is_name(const std::string& text) {
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), plain);
}

}  // namespace

int place_of(int64_t deployment, const std::string& device) {
  return static_cast<int>(std::stoul(sha256_hex(std::to_string(deployment) + "/" + device).substr(0, 8), nullptr, 16) % 10000);
}

Verdict judge(int64_t good, int64_t bad) {
  constexpr double kFine = 0.01, kNotFine = 0.10, kError = 0.01;
  const double weight = static_cast<double>(bad) * std::log(kNotFine / kFine) + static_cast<double>(good) * std::log((1 - kNotFine) / (1 - kFine));
  const double limit = std::log((1 - kError) / kError);
  return weight >= limit ? Verdict::kBad : (weight <= -limit ? Verdict::kGood : Verdict::kGoOn);
}

namespace {

constexpr double kAgreementError = 0.005, kAgreementLoss = 0.05;

// Logarithm of how much likelier the counts are of a bad release than of a good one.
double weight_of(int64_t agreed, int64_t runs, double expected) {
  const double good = std::clamp(expected, 0.06, 0.999), bad = good - kAgreementLoss;
  return static_cast<double>(agreed) * std::log(bad / good) + static_cast<double>(runs - agreed) * std::log((1 - bad) / (1 - good));
}
double agreement_limit() { return std::log((1 - kAgreementError) / kAgreementError); }

}  // namespace

Verdict judge_agreement(int64_t agreed, int64_t runs, double expected) {
  const double weight = weight_of(agreed, runs, expected);
  return weight >= agreement_limit() ? Verdict::kBad : (weight <= -agreement_limit() ? Verdict::kGood : Verdict::kGoOn);
}

int64_t devices_before_verdict(const Deployment& d) {
  constexpr int64_t kFirst = 10, kMost = 50;
  const double nearer_to_good = std::clamp(-weight_of(d.agreed, d.runs, d.agreement) / agreement_limit(), 0.0, 1.0);
  return kFirst + static_cast<int64_t>(nearer_to_good * (kMost - kFirst));
}

Result<std::unique_ptr<Registry>> Registry::open(const std::string& path) {
  if (sodium_init() < 0) return internal("no source of randomness");
  auto out = std::make_unique<Registry>();
  VERGE_TRY(out->db_, Database::open(path));
  for (const char* sql : kSchema) VERGE_CHECK(out->db_->run(sql));
  for (const auto& [table, name, type] : kColumns) VERGE_CHECK(out->db_->add_column(table, name, type));
  return out;
}

Result<void> Registry::record(const std::string& who, const std::string& what, int64_t now_s) {
  VERGE_TRY(const auto last, db_->query("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1"));
  const int64_t n = last.empty() ? 1 : integer(last[0][0]) + 1;
  const std::string hash = audit_hash(last.empty() ? "" : text(last[0][1]), n, now_s, who, what);
  return db_->run("INSERT INTO audit VALUES(?, ?, ?, ?, ?)", {n, now_s, who, what, hash});
}

Result<void> Registry::check_audit() {
  VERGE_TRY(const auto rows, db_->query("SELECT n, time_s, who, what, hash FROM audit ORDER BY n"));
  std::string before;
  int64_t n = 0;
  for (const Row& r : rows) {
    ++n;
    if (integer(r[0]) != n || text(r[4]) != audit_hash(before, n, integer(r[1]), text(r[2]), text(r[3])))
      return Error(Code::kIntegrity, format("the audit log was changed at entry %lld", static_cast<long long>(n)));
    before = text(r[4]);
  }
  return done();
}

Result<Json> Registry::audit_log() {
  VERGE_TRY(const auto rows, db_->query("SELECT n, time_s, who, what FROM audit ORDER BY n"));
  Json out = Json::array();
  for (const Row& r : rows) out.push_back({{"n", integer(r[0])}, {"time_s", integer(r[1])}, {"who", text(r[2])}, {"what", text(r[3])}});
  return out;
}

Result<std::string> Registry::make_token(const std::string& role, int64_t now_s) {
  uint8_t bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  std::string token;
  for (const uint8_t b : bytes) token += format("%02x", b);
  VERGE_CHECK(db_->transaction([&]() -> Result<void> {
    VERGE_CHECK(db_->run("INSERT INTO tokens VALUES(?, ?, ?, NULL)", {sha256_hex(token), role, now_s}));
    return record("local", "token " + role, now_s);
  }));
  return token;
}

Result<std::string> Registry::make_enrolment_token(int64_t now_s) { return make_token("enrol", now_s); }
Result<std::string> Registry::make_access_token(const std::string& role, int64_t now_s) {
  if (role != "admin" && role != "read") return invalid("a token's role is admin or read, not '" + role + "'");
  return make_token(role, now_s);
}

bool Registry::may(const std::string& token, bool write) {
  const auto rows = db_->query("SELECT role FROM tokens WHERE hash = ?", {sha256_hex(token)});
  if (!rows.ok() || rows->empty()) return false;
  const std::string role = text((*rows)[0][0]);
  return role == "admin" || (role == "read" && !write);
}

Result<void> Registry::enrol(const std::string& token, const std::string& device, int64_t now_s, const std::string& box) {
  if (!is_name(device)) return invalid("'" + device + "' is no device name: at most 64 letters, digits, '-', '_' and '.'");
  return db_->transaction([&]() -> Result<void> {
    VERGE_TRY(const auto rows, db_->query("SELECT made_s, used_s IS NOT NULL FROM tokens WHERE hash = ? AND role = 'enrol'", {sha256_hex(token)}));
    if (rows.empty() || integer(rows[0][1]))
      return Error(Code::kIntegrity, "the enrolment token is unknown or was used; ask for another with  verge fleet token");
    if (now_s - integer(rows[0][0]) > kTokenLife)
      return Error(Code::kIntegrity, "the enrolment token is older than an hour; ask for another with  verge fleet token");
    VERGE_TRY(const auto taken, db_->query("SELECT id FROM devices WHERE id = ?1 UNION SELECT id FROM removed WHERE id = ?1", {device}));
    if (!taken.empty()) return invalid("a device '" + device + "' is enrolled already, or was removed; choose another name");
    VERGE_CHECK(db_->run("UPDATE tokens SET used_s = ? WHERE hash = ?", {now_s, sha256_hex(token)}));
    VERGE_CHECK(db_->run("INSERT INTO devices(id, enrolled_s, box) VALUES(?, ?, ?)", {device, now_s, box}));
    forget_sizes();
    return record(device, "enrolled", now_s);
  });
}

Result<std::string> Registry::box_of(const std::string& device) {
  VERGE_TRY(const auto rows, db_->query("SELECT box FROM devices WHERE id = ?", {device}));
  if (rows.empty()) return not_found("no device '" + device + "' is enrolled");
  return text(rows[0][0]);
}

Result<void> Registry::remove(const std::string& device, const std::string& who, int64_t now_s) {
  return db_->transaction([&]() -> Result<void> {
    VERGE_TRY(const auto gone, db_->query("DELETE FROM devices WHERE id = ? RETURNING id", {device}));
    if (gone.empty()) return not_found("no device '" + device + "' is enrolled");
    VERGE_CHECK(db_->run("INSERT INTO removed VALUES(?, ?)", {device, now_s}));
    forget_sizes();
    return record(who, "removed " + device, now_s);
  });
}

void Registry::forget_sizes() {
  const std::lock_guard lock(sizes_mutex_);
  sizes_.clear();
}

Result<int64_t> Registry::deploy(const Deployment& d, const std::string& who, int64_t now_s) {
  if (d.agreement != 0 && (d.agreement < 0.06 || d.agreement > 1)) return invalid("an agreement is a share from 0.06 to 1");
  if (d.percent < 0 || d.percent > 100) return invalid("a share of " + std::to_string(d.percent) + " percent");
  VERGE_CHECK(Group::parse(d.devices));
  int64_t id = 0;
  VERGE_CHECK(db_->transaction([&]() -> Result<void> {
    VERGE_TRY(const auto row, db_->query("INSERT INTO deployments(target, hash, version, bytes, percent, state, made_s, agreement, automatic, devices, key) "
                                         "VALUES(?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?) RETURNING id",
                                         {d.target, d.hash, d.version, d.bytes, int64_t{d.percent}, now_s, d.agreement, int64_t{d.automatic}, d.devices, d.key}));
    id = integer(row[0][0]);
    return record(
        who, format("deployment %lld: %s version %lld to %d %%", static_cast<long long>(id), d.target.c_str(), static_cast<long long>(d.version), d.percent),
        now_s);
  }));
  return id;
}

Result<std::vector<Deployment>> Registry::all_deployments(const char* where) {
  VERGE_TRY(
      const auto rows,
      db_->query(std::string("SELECT id, target, hash, version, bytes, percent, state, reason, agreement, runs, agreed, automatic, devices, key FROM deployments ") +
                 where + " ORDER BY id DESC"));
  std::vector<Deployment> out;
  for (const Row& r : rows) out.push_back(deployment_of(r));
  return out;
}

Result<Deployment> Registry::deployment(int64_t id) {
  VERGE_TRY(
      const auto rows,
      db_->query("SELECT id, target, hash, version, bytes, percent, state, reason, agreement, runs, agreed, automatic, devices, key FROM deployments WHERE id = ?",
                 {id}));
  if (rows.empty()) return not_found("there is no deployment " + std::to_string(id));
  return deployment_of(rows[0]);
}

Result<void> Registry::steer(int64_t id, const std::string& verb, const std::string& who, int64_t now_s) {
  return db_->transaction([&]() -> Result<void> {
    VERGE_TRY(const auto rows, db_->query("SELECT percent, state FROM deployments WHERE id = ?", {id}));
    if (rows.empty()) return not_found("there is no deployment " + std::to_string(id));
    if (text(rows[0][1]) == "aborted") return invalid("deployment " + std::to_string(id) + " was aborted; make a new one");
    int64_t percent = integer(rows[0][0]);
    std::string state = text(rows[0][1]);
    if (verb == "pause")
      state = "paused";
    else if (verb == "resume")
      state = "active";
    else if (verb == "abort")
      state = "aborted";
    else if (verb == "promote")
      percent = next_phase(static_cast<int>(percent));
    else
      return invalid("'" + verb + "' is not pause, resume, abort or promote");
    VERGE_CHECK(db_->run("UPDATE deployments SET percent = ?, state = ?, reason = '' WHERE id = ?", {percent, state, id}));
    return record(who, format("deployment %lld: %s, %lld %%", static_cast<long long>(id), verb.c_str(), static_cast<long long>(percent)), now_s);
  });
}

// Of one device, or of all when `device` is empty.
Result<std::vector<Facts>> Registry::facts(const std::string& device) {
  VERGE_TRY(const auto rows, db_->query(std::string(kDeviceColumns) + "WHERE ?1 = '' OR id = ?1", {device}));
  std::vector<Facts> out;
  for (const Row& r : rows) out.push_back(facts_of(r, 0));
  return out;
}

// Devices that a deployment is for, counted anew each ten seconds.
Result<int64_t> Registry::size_of(const Deployment& d) {
  constexpr double kFresh = 10;
  const std::lock_guard lock(sizes_mutex_);
  const auto known = sizes_.find(d.devices);
  if (known != sizes_.end() && now_s() - known->second.second < kFresh) return known->second.first;
  VERGE_TRY(const Group group, Group::parse(d.devices));
  int64_t count = 0;
  if (group.everyone()) {
    VERGE_TRY(const auto rows, db_->query("SELECT COUNT(*) FROM devices"));
    count = integer(rows[0][0]);
  } else {
    VERGE_TRY(const auto all, facts(""));
    count = std::count_if(all.begin(), all.end(), [&](const Facts& f) { return group.holds(f); });
  }
  sizes_[d.devices] = {count, now_s()};
  return count;
}

// The part of the fleet that a deployment may reach now, 0 .. 1.
Result<double> Registry::share_of(const Deployment& d) {
  const double phase = d.percent / 100.0;
  if (d.agreement == 0 || judge_agreement(d.agreed, d.runs, d.agreement) == Verdict::kGood) return phase;
  VERGE_TRY(const int64_t devices, size_of(d));
  return std::min(phase, static_cast<double>(devices_before_verdict(d)) / static_cast<double>(std::max<int64_t>(devices, 1)));
}

Result<std::optional<Deployment>> Registry::desired(const std::string& device, const std::string& actual_hash) {
  VERGE_TRY(const auto all, all_deployments("WHERE state != 'aborted'"));
  std::vector<Facts> known;
  for (const Deployment& d : all) {
    VERGE_TRY(const Group group, Group::parse(d.devices));
    if (!group.everyone() && known.empty()) {
      VERGE_TRY(known, facts(device));
    }
    if (!group.everyone() && (known.empty() || !group.holds(known[0]))) continue;
    VERGE_TRY(const double share, share_of(d));
    const int place = place_of(d.id, device);
    const bool admitted = d.state == "active" && place < share * 10000, has = d.hash == actual_hash;
    if (place < d.percent * 100 && (admitted || has)) return std::optional(d);
  }
  return std::optional<Deployment>();
}

Result<void> Registry::pause(const Deployment& d, const std::string& reason, int64_t now_s) {
  VERGE_CHECK(db_->run("UPDATE deployments SET state = 'paused', reason = ? WHERE id = ?", {reason, d.id}));
  return record("gate", format("deployment %lld: paused, ", static_cast<long long>(d.id)) + reason, now_s);
}

Result<void> Registry::watch(const Report& report, int64_t now_s) {
  if (report.failed.empty()) return done();
  VERGE_TRY(const auto active, all_deployments("WHERE state = 'active'"));
  if (std::none_of(active.begin(), active.end(), [&](const Deployment& d) { return d.hash == report.failed; })) return done();
  VERGE_TRY(const auto rows,
            db_->query("SELECT (SELECT COUNT(*) FROM devices WHERE hash = ?1 AND state = 'idle'), (SELECT COUNT(*) FROM devices WHERE failed = ?1)",
                       {report.failed}));
  if (judge(integer(rows[0][0]), integer(rows[0][1])) != Verdict::kBad) return done();
  const std::string reason = format("%lld of %lld devices refused it or took it back", static_cast<long long>(integer(rows[0][1])),
                                    static_cast<long long>(integer(rows[0][0]) + integer(rows[0][1])));
  for (const Deployment& d : active)
    if (d.hash == report.failed) VERGE_CHECK(pause(d, reason, now_s));
  return done();
}

// A point of the gate's curve, when the evidence has grown by a twentieth.
Result<void> Registry::draw(const Deployment& d) {
  VERGE_TRY(const auto last, db_->query("SELECT MAX(runs) FROM evidence WHERE deployment = ?", {d.id}));
  const int64_t before = integer(last[0][0]);
  if (d.runs - before < std::max<int64_t>(10, before / 20)) return done();
  return db_->run("INSERT OR IGNORE INTO evidence VALUES(?, ?, ?)", {d.id, d.runs, d.agreed});
}

// Counts what a shadow run has told since the device's last report; statistics grow, and one that shrank began anew.
Result<void> Registry::weigh(const std::string& device, const Report& r, int64_t now_s) {
  if (r.shadow.empty() || r.shadow_runs <= 0) return done();
  VERGE_TRY(const auto before, db_->query("SELECT runs, agreed FROM shadows WHERE hash = ? AND device = ?", {r.shadow, device}));
  const int64_t runs = before.empty() ? 0 : integer(before[0][0]), agreed = before.empty() ? 0 : integer(before[0][1]);
  const bool grown = r.shadow_runs > runs && r.shadow_agreed >= agreed && r.shadow_agreed - agreed <= r.shadow_runs - runs;
  VERGE_CHECK(db_->run("INSERT OR REPLACE INTO shadows VALUES(?, ?, ?, ?)", {r.shadow, device, r.shadow_runs, r.shadow_agreed}));
  if (!grown) return done();
  VERGE_CHECK(db_->run("UPDATE deployments SET runs = runs + ?, agreed = agreed + ? WHERE hash = ? AND state = 'active'",
                       {r.shadow_runs - runs, r.shadow_agreed - agreed, r.shadow}));
  VERGE_TRY(const auto active, all_deployments("WHERE state = 'active' AND agreement > 0"));
  for (const Deployment& d : active) {
    if (d.hash == r.shadow) VERGE_CHECK(draw(d));
    if (d.hash != r.shadow || judge_agreement(d.agreed, d.runs, d.agreement) != Verdict::kBad) continue;
    VERGE_CHECK(pause(d,
                      format("the model before and this one agree in %.1f %% of %lld inferences, %.1f %% are expected",
                             100.0 * static_cast<double>(d.agreed) / static_cast<double>(d.runs), static_cast<long long>(d.runs), 100 * d.agreement),
                      now_s));
  }
  return done();
}

// The next phase of an automatic deployment, when nine of ten devices of this one run it and the gate has nothing against it.
Result<void> Registry::advance(const Deployment& d, int64_t now_s) {
  if (d.agreement > 0 && judge_agreement(d.agreed, d.runs, d.agreement) != Verdict::kGood) return done();
  VERGE_TRY(const auto rows, db_->query("SELECT COUNT(*) FROM devices WHERE hash = ? AND state = 'idle'", {d.hash}));
  VERGE_TRY(const int64_t devices, size_of(d));
  const double wanted = 0.9 * static_cast<double>(devices) * d.percent / 100;
  if (static_cast<double>(integer(rows[0][0])) < std::max(1.0, wanted - 2)) return done();
  const int64_t percent = next_phase(d.percent);
  VERGE_CHECK(db_->run("UPDATE deployments SET percent = ? WHERE id = ?", {percent, d.id}));
  return record("gate", format("deployment %lld: promoted, %lld %%", static_cast<long long>(d.id), static_cast<long long>(percent)), now_s);
}

// A line of the device's timeline for each change of version, state, health or its reason; the last hundred are kept.
Result<void> Registry::tell_change(const std::string& device, const Report& r, int64_t now_s) {
  VERGE_TRY(const auto rows, db_->query("SELECT version, state, health, reason FROM devices WHERE id = ?", {device}));
  if (rows.empty()) return done();
  const Row& before = rows[0];
  if (integer(before[0]) == r.version && text(before[1]) == r.state && text(before[2]) == r.health && text(before[3]) == r.reason) return done();
  VERGE_TRY(const auto last, db_->query("SELECT MAX(n) FROM events WHERE device = ?", {device}));
  const int64_t n = integer(last[0][0]) + 1;
  const std::string what =
      format("version %lld, %s, %s", static_cast<long long>(r.version), r.state.c_str(), r.health.c_str()) + (r.reason.empty() ? "" : ": " + r.reason);
  VERGE_CHECK(db_->run("INSERT INTO events VALUES(?, ?, ?, ?)", {device, n, now_s, what}));
  return db_->run("DELETE FROM events WHERE device = ? AND n <= ?", {device, n - 100});
}

Result<std::string> Registry::store(const std::string& device, const Report& r, int64_t now_s) {
  if (!r.same) VERGE_CHECK(tell_change(device, r, now_s));
  const auto known = r.same ? db_->query("UPDATE devices SET seen_s = ? WHERE id = ? RETURNING hash", {now_s, device})
                            : db_->query(
                                  "UPDATE devices SET seen_s = ?, hardware = ?, hash = ?, version = ?, state = ?, health = ?, reason = ?, failed = ?, "
                                  "numbers = CASE WHEN ?9 = '' THEN numbers ELSE ?9 END, labels = ?10 WHERE id = ?11 RETURNING hash",
                                  {now_s, r.hardware, r.hash, r.version, r.state, r.health, r.reason, r.failed, r.numbers, Json(r.labels).dump(), device});
  if (!known.ok()) return known.error();
  if (known->empty()) return not_found("no device '" + device + "' is enrolled");
  for (const auto& [sequence, body] : r.telemetry) VERGE_CHECK(db_->run("INSERT OR IGNORE INTO telemetry VALUES(?, ?, ?)", {device, sequence, body}));
  if (r.same) return text((*known)[0][0]);
  VERGE_CHECK(watch(r, now_s));
  VERGE_CHECK(weigh(device, r, now_s));
  VERGE_TRY(const auto automatic, all_deployments("WHERE state = 'active' AND automatic = 1 AND percent < 100"));
  for (const Deployment& d : automatic)
    if (d.hash == r.hash || d.hash == r.shadow) VERGE_CHECK(advance(d, now_s));
  return r.hash;
}

Result<std::string> Registry::check_in(const std::string& device, const Report& r, int64_t now_s) {
  std::string running;
  VERGE_CHECK(db_->grouped([&]() -> Result<void> {
    VERGE_TRY(running, store(device, r, now_s));
    return done();
  }));
  return running;
}

Result<Json> Registry::devices(int64_t now_s, const Group& group, const std::string& after, size_t most) {
  VERGE_TRY(const auto rows, db_->query(std::string(kDeviceColumns) + "WHERE id > ? ORDER BY id", {after}));
  Json out = Json::array();
  for (const Row& r : rows)
    if (out.size() < most && (group.everyone() || group.holds(facts_of(r, now_s)))) out.push_back(device_of(r));
  return out;
}

Result<Json> Registry::device(const std::string& id) {
  constexpr int64_t kRecords = 120;
  VERGE_TRY(const auto rows, db_->query(std::string(kDeviceColumns) + "WHERE id = ?", {id}));
  if (rows.empty()) return not_found("no device '" + id + "' is enrolled");
  Json out = device_of(rows[0]);
  VERGE_TRY(const auto wanted, desired(id, text(rows[0][3])));
  out["desired"] = wanted ? to_json(*wanted) : Json();
  VERGE_TRY(const auto events, db_->query("SELECT time_s, what FROM events WHERE device = ? ORDER BY n DESC", {id}));
  out["events"] = Json::array();
  for (const Row& r : events) out["events"].push_back({{"time_s", integer(r[0])}, {"what", text(r[1])}});
  VERGE_TRY(const auto records, db_->query("SELECT body FROM telemetry WHERE device = ? ORDER BY sequence DESC LIMIT ?", {id, kRecords}));
  out["telemetry"] = Json::array();
  for (auto r = records.rbegin(); r != records.rend(); ++r) out["telemetry"].push_back(Json::parse(text((*r)[0]), nullptr, false));
  return out;
}

Result<Json> Registry::summary(int64_t now_s) {
  Json out = {{"versions", Json::array()}, {"health", Json::object()}};
  VERGE_TRY(const auto versions,
            db_->query("SELECT version, hardware, COUNT(*), SUM(health = 'DEGRADED') FROM devices GROUP BY version, hardware ORDER BY version DESC, hardware"));
  int64_t devices = 0;
  for (const Row& r : versions) {
    out["versions"].push_back({{"version", integer(r[0])}, {"hardware", text(r[1])}, {"devices", integer(r[2])}, {"degraded", integer(r[3])}});
    devices += integer(r[2]);
  }
  VERGE_TRY(const auto health, db_->query("SELECT health, COUNT(*) FROM devices GROUP BY health"));
  for (const Row& r : health) out["health"][text(r[0])] = integer(r[1]);
  VERGE_TRY(const auto counts, db_->query("SELECT SUM(seen_s < ?), SUM(numbers LIKE '%\"drift_alarm\":true%') FROM devices", {now_s - kSilent}));
  out["devices"] = devices;
  out["silent"] = integer(counts[0][0]);
  out["drifted"] = integer(counts[0][1]);
  return out;
}

Result<Json> Registry::deployment_in_full(int64_t id) {
  VERGE_TRY(const Deployment d, deployment(id));
  Json out = to_json(d);
  VERGE_TRY(const int64_t group, size_of(d));
  VERGE_TRY(const double share, share_of(d));
  VERGE_TRY(const auto counts,
            db_->query("SELECT (SELECT COUNT(*) FROM shadows WHERE hash = ?1), (SELECT COUNT(*) FROM devices WHERE hash = ?1 AND state = 'trial'), "
                       "(SELECT COUNT(*) FROM devices WHERE hash = ?1 AND state != 'trial'), (SELECT COUNT(*) FROM devices WHERE failed = ?1)",
                       {d.hash}));
  out["funnel"] = {{"group", group},
                   {"offered", static_cast<int64_t>(std::ceil(share * static_cast<double>(group)))},
                   {"shadow", integer(counts[0][0])},
                   {"trial", integer(counts[0][1])},
                   {"committed", integer(counts[0][2])},
                   {"refused", integer(counts[0][3])}};
  out["gate"] = {{"limit", agreement_limit()}, {"points", Json::array()}};
  VERGE_TRY(const auto points, db_->query("SELECT runs, agreed FROM evidence WHERE deployment = ? ORDER BY runs", {id}));
  for (const Row& r : points)
    out["gate"]["points"].push_back({{"runs", integer(r[0])}, {"agreed", integer(r[1])}, {"weight", weight_of(integer(r[1]), integer(r[0]), d.agreement)}});
  return out;
}

Result<Json> Registry::deployments() {
  VERGE_TRY(const auto all, all_deployments(""));
  Json out = Json::array();
  for (const Deployment& d : all) out.push_back(to_json(d));
  return out;
}

Result<int64_t> Registry::telemetry_of(const std::string& prefix) {
  VERGE_TRY(const auto rows, db_->query("SELECT COUNT(*) FROM telemetry WHERE substr(device, 1, ?) = ?", {static_cast<int64_t>(prefix.size()), prefix}));
  return integer(rows[0][0]);
}

Result<std::string> Registry::metrics(int64_t now_s) {
  VERGE_TRY(const auto health, db_->query("SELECT health, COUNT(*) FROM devices GROUP BY health"));
  VERGE_TRY(const auto versions, db_->query("SELECT version, COUNT(*) FROM devices GROUP BY version"));
  VERGE_TRY(
      const auto counts,
      db_->query(
          "SELECT (SELECT COUNT(*) FROM devices WHERE seen_s < ?), (SELECT COUNT(*) FROM telemetry), (SELECT COUNT(*) FROM deployments WHERE state = 'active')",
          {now_s - kSilent}));
  std::string out = "# HELP verge_devices Enrolled devices by health.\n# TYPE verge_devices gauge\n";
  for (const Row& r : health) out += format("verge_devices{health=\"%s\"} %lld\n", text(r[0]).c_str(), static_cast<long long>(integer(r[1])));
  out += "# HELP verge_devices_running Devices by the version that they run.\n# TYPE verge_devices_running gauge\n";
  for (const Row& r : versions)
    out += format("verge_devices_running{version=\"%lld\"} %lld\n", static_cast<long long>(integer(r[0])), static_cast<long long>(integer(r[1])));
  out += format("# HELP verge_devices_silent Devices unseen for ten minutes.\n# TYPE verge_devices_silent gauge\nverge_devices_silent %lld\n",
                static_cast<long long>(integer(counts[0][0])));
  out += format("# HELP verge_telemetry_records Records kept.\n# TYPE verge_telemetry_records gauge\nverge_telemetry_records %lld\n",
                static_cast<long long>(integer(counts[0][1])));
  out += format("# HELP verge_deployments_active Deployments that go on.\n# TYPE verge_deployments_active gauge\nverge_deployments_active %lld\n",
                static_cast<long long>(integer(counts[0][2])));
  return out;
}

}  // namespace verge::fleet
