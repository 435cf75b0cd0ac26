#include "agent/update.h"

#include <algorithm>

#include "core/digest.h"
#include "core/text.h"

namespace verge::agent {
namespace {

constexpr char kRecord[] = "record.json";
constexpr int kMostTrialBoots = 3;
constexpr size_t kMostRefused = 16;

// Every way from one state to another; what is not here does not happen.
struct Transition {
  State from;
  Event event;
  State to;
  void (*act)(Record&);
};

void remember_nothing(Record&) {}
void forget_candidate(Record& r) { r.candidate = {}; }
void refuse_candidate(Record& r) {
  r.refused.push_back(r.candidate.hash);
  if (r.refused.size() > kMostRefused) r.refused.erase(r.refused.begin());
  r.candidate = {};
}
void switch_over(Record& r) {
  r.previous = r.active;
  r.active = r.candidate;
  r.boots = 0;
}
void settle(Record& r) {
  r.floor = std::max(r.floor, r.active.version);
  r.candidate = {};
}
void switch_back(Record& r) {
  r.active = r.previous;
  r.previous = {};
  refuse_candidate(r);
}

constexpr Transition kTransitions[] = {
    {State::kIdle, Event::kOffered, State::kDownloading, remember_nothing},
    {State::kDownloading, Event::kArrived, State::kTesting, remember_nothing},
    {State::kDownloading, Event::kDropped, State::kIdle, forget_candidate},
    {State::kDownloading, Event::kFailed, State::kIdle, forget_candidate},
    {State::kTesting, Event::kPassed, State::kTrial, switch_over},
    {State::kTesting, Event::kFailed, State::kIdle, refuse_candidate},
    {State::kTesting, Event::kShadowed, State::kShadow, remember_nothing},
    {State::kShadow, Event::kPassed, State::kTrial, switch_over},
    {State::kShadow, Event::kFailed, State::kIdle, refuse_candidate},
    {State::kShadow, Event::kDropped, State::kIdle, forget_candidate},
    {State::kTrial, Event::kHealthy, State::kIdle, settle},
    {State::kTrial, Event::kUnhealthy, State::kIdle, switch_back},
};

Json to_json(const Release& r) { return {{"hash", r.hash}, {"version", r.version}, {"bytes", r.bytes}}; }

Release release_of(const Json& j) { return {j.value("hash", ""), j.value("version", int64_t{0}), j.value("bytes", int64_t{0})}; }

std::string text_of(const Record& r) {
  Json out = {{"state", static_cast<int>(r.state)},
              {"active", to_json(r.active)},
              {"previous", to_json(r.previous)},
              {"candidate", to_json(r.candidate)},
              {"floor", r.floor},
              {"boots", r.boots},
              {"refused", r.refused},
              {"reason", r.reason}};
  if (r.shadow) out["shadow"] = true;
  const std::string body = out.dump();
  out["check"] = sha256_hex(body);
  return out.dump();
}

Result<Record> parse_record(ByteSpan bytes) {
  const Error damaged = corrupt("the agent's record is damaged; remove its folder and enrol the device again");
  VERGE_TRY(Json j, parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}), damaged.message());
  try {
    Record r;
    const int state = j.at("state");
    if (state < 0 || state > static_cast<int>(State::kShadow)) return damaged;
    r.state = static_cast<State>(state);
    r.active = release_of(j.at("active"));
    r.previous = release_of(j.at("previous"));
    r.candidate = release_of(j.at("candidate"));
    r.floor = j.at("floor");
    r.boots = j.at("boots");
    r.refused = j.at("refused").get<std::vector<std::string>>();
    r.reason = j.at("reason");
    r.shadow = j.value("shadow", false);
    if (text_of(r) != j.dump()) return damaged;
    return r;
  } catch (const nlohmann::json::exception&) {
    return damaged;
  }
}

std::string part(const Release& r) { return r.hash + ".part"; }

}  // namespace

const char* state_name(State state) {
  switch (state) {
    case State::kIdle: return "idle";
    case State::kDownloading: return "downloading";
    case State::kTesting: return "testing";
    case State::kTrial: return "trial";
    case State::kShadow: return "shadow";
  }
  return "unknown";
}

Result<void> Updater::save(const Record& next) {
  const std::string text = text_of(next);
  VERGE_CHECK(replace(*storage_, kRecord, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  record_ = next;
  return done();
}

Result<void> Updater::step(Event event) {
  for (const Transition& t : kTransitions) {
    if (t.from != record_.state || t.event != event) continue;
    Record next = record_;
    next.state = t.to;
    t.act(next);
    return save(next);
  }
  return invalid(std::string("nothing of the kind happens in the state '") + state_name(record_.state) + "'");
}

Result<Updater> Updater::open(Storage& storage, SelfTest test) {
  Updater out(storage, std::move(test));
  const auto bytes = storage.read(kRecord);
  if (bytes.ok()) {
    VERGE_TRY(out.record_, parse_record(*bytes));
  } else if (bytes.error().code() != Code::kNotFound) {
    return bytes.error();
  }
  VERGE_CHECK(out.sweep());
  if (out.record_.state == State::kDownloading) {
    const auto have = storage.read(part(out.record_.candidate)), moved = storage.read(slot(out.record_.candidate));
    out.arrived_ = have.ok() ? have->size() : 0;
    if (moved.ok() && sha256_hex(*moved) == out.record_.candidate.hash) VERGE_CHECK(out.step(Event::kArrived));  // cut between rename and record
  }
  if (out.record_.state == State::kTesting) {  // cut during the test: it is run again; a refusal is in the record
    const Result<void> tested = out.install();
    return tested.ok() || out.record_.state != State::kTesting ? Result<Updater>(out) : tested.error();
  }
  if (out.record_.state != State::kTrial) return out;
  Record next = out.record_;
  ++next.boots;
  VERGE_CHECK(out.save(next));
  if (next.boots > kMostTrialBoots) VERGE_CHECK(out.roll_back(format("started %d times without becoming healthy", next.boots)));
  return out;
}

// Removes what the record does not name.
Result<void> Updater::sweep() {
  VERGE_TRY(const auto files, storage_->list());
  const Record& r = record_;
  for (const std::string& f : files) {
    const bool ours = ends_with(f, ".vpk") || ends_with(f, ".part") || ends_with(f, ".new");
    const bool wanted = f == slot(r.active) || f == slot(r.previous) || (!r.candidate.hash.empty() && (f == slot(r.candidate) || f == part(r.candidate)));
    if (ours && !wanted) VERGE_CHECK(storage_->remove(f));
  }
  return done();
}

Result<uint64_t> Updater::offer(const Release& release, bool shadow) {
  if (record_.state == State::kDownloading && record_.candidate.hash == release.hash) return arrived_;
  if (record_.state == State::kDownloading || (record_.state == State::kShadow && record_.candidate.hash != release.hash))
    VERGE_CHECK(drop("another release was offered"));
  if (record_.state != State::kIdle) return invalid(std::string("an update is under way (") + state_name(record_.state) + ")");
  if (release.hash == record_.active.hash) return invalid("it is active already");
  if (release.version < record_.floor)
    return invalid(format("version %lld is below %lld, which ran here; releases only go forward", static_cast<long long>(release.version),
                          static_cast<long long>(record_.floor)));
  if (std::find(record_.refused.begin(), record_.refused.end(), release.hash) != record_.refused.end())
    return invalid("it failed on this device: " + record_.reason);
  Record next = record_;
  next.candidate = release;
  next.shadow = shadow && !record_.active.hash.empty();  // beside nothing there is no shadow
  record_ = next;
  arrived_ = 0;
  VERGE_CHECK(storage_->write(part(release), {}));
  VERGE_CHECK(step(Event::kOffered));
  return arrived_;
}

Result<void> Updater::arrive(ByteSpan piece) {
  if (record_.state != State::kDownloading) return invalid("nothing is being downloaded");
  if (piece.size() > static_cast<uint64_t>(record_.candidate.bytes) - arrived_) return Error(Code::kIntegrity, "more bytes came than the release has");
  VERGE_CHECK(storage_->append(part(record_.candidate), piece));
  arrived_ += piece.size();
  return done();
}

Result<void> Updater::check_candidate() {
  VERGE_TRY(const Bytes bytes, storage_->read(slot(record_.candidate)));
  if (sha256_hex(bytes) != record_.candidate.hash) return Error(Code::kIntegrity, "its bytes are not those that were signed");
  return test_(bytes);
}

Result<void> Updater::end(Event event, const std::string& reason) {
  record_.reason = reason;
  VERGE_CHECK(step(event));
  return sweep();
}

Result<void> Updater::install() {
  if (record_.state == State::kDownloading) {
    const Release candidate = record_.candidate;
    VERGE_TRY(const Bytes bytes, storage_->read(part(candidate)));
    if (sha256_hex(bytes) != candidate.hash) {
      VERGE_CHECK(end(Event::kFailed, "the download is damaged"));
      return Error(Code::kIntegrity, "release " + candidate.hash.substr(0, 12) + ": the download is damaged");
    }
    VERGE_CHECK(storage_->sync(part(candidate)));
    VERGE_CHECK(storage_->rename(part(candidate), slot(candidate)));
    VERGE_CHECK(storage_->sync_folder());
    VERGE_CHECK(step(Event::kArrived));
  }
  if (record_.state != State::kTesting) return invalid("nothing is there to install");
  const Result<void> good = check_candidate();
  if (good.ok()) return step(record_.shadow ? Event::kShadowed : Event::kPassed);
  const std::string reason = good.error().message();
  VERGE_CHECK(end(Event::kFailed, reason));
  return Error(good.error().code(), "the self-test refused the release: " + reason);
}

Result<void> Updater::accept() {
  if (record_.state != State::kShadow) return invalid("nothing is in the shadow");
  return step(Event::kPassed);
}

Result<void> Updater::refuse(const std::string& reason) {
  if (record_.state != State::kShadow) return invalid("nothing is in the shadow");
  return end(Event::kFailed, reason);
}

Result<void> Updater::commit() {
  VERGE_CHECK(step(Event::kHealthy));
  return sweep();
}

Result<void> Updater::roll_back(const std::string& reason) {
  if (record_.state != State::kTrial) return invalid("no trial is under way");
  return end(Event::kUnhealthy, reason);
}

Result<void> Updater::drop(const std::string& reason) {
  if (record_.state != State::kDownloading && record_.state != State::kShadow) return invalid("nothing is being downloaded");
  return end(Event::kDropped, reason);
}

Result<Bytes> Updater::active() const {
  if (record_.active.hash.empty()) return not_found("no model is installed yet");
  return storage_->read(slot(record_.active));
}

Result<Bytes> Updater::candidate() const {
  if (record_.state != State::kShadow) return not_found("no release is in the shadow");
  return storage_->read(slot(record_.candidate));
}

}  // namespace verge::agent
