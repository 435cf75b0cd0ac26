#include "verge-agent/agent.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>

#include "agent/identity.h"
#include "agent/link.h"
#include "agent/sealed.h"
#include "agent/trusted_clock.h"
#include "agent/update.h"
#include "core/digest.h"
#include "core/text.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/text_file.h"
#include "packaging/delta_make.h"
#include "tuf/updater.h"
#include "verge-agent/rest.h"
#include "verge-agent/running_model.h"
#include "verge-agent/service.h"

namespace verge::device {
namespace {

constexpr uint64_t kMostModelBytes = uint64_t{1} << 30;
constexpr size_t kRecordsACheckIn = 50;
constexpr int kIdleTries = 6;  // connections that bring nothing, before a download waits for the next check-in

class Agent {
 public:
  static Result<std::unique_ptr<Agent>> begin(const AgentOptions& o) {
    auto out = std::make_unique<Agent>();
    out->o_ = o;
    VERGE_CHECK(make_directories(o.folder + "/slots"));
    VERGE_CHECK(make_directories(o.folder + "/trusted"));
    VERGE_CHECK(make_directories(o.folder + "/keys"));
    out->home_ = make_folder_storage(o.folder);
    out->clock_.emplace(agent::TrustedClock::open(*out->home_));
    out->keys_ = make_folder_storage(o.folder + "/keys");
    out->trusted_ = make_folder_storage(o.folder + "/trusted");
    VERGE_TRY(out->server_, agent::HttpsAddress::parse(o.server));
    if (!is_file(out->path("certificate.pem"))) VERGE_CHECK(out->enrol());
    VERGE_CHECK(out->open_link(true));
    out->storage_ = make_folder_storage(o.folder + "/slots");
    VERGE_TRY(out->updater_, agent::Updater::open(*out->storage_, [agent = out.get()](ByteSpan bytes) { return agent->self_test(bytes); }));
    VERGE_CHECK(out->forget_keys());
    VERGE_CHECK(out->begin_service());
    VERGE_CHECK(out->judge());
    return out;
  }

  // Between check-ins, when programs are served: a trial or a shadow may end. Costs nothing when there is nothing to decide.
  Result<void> tick() {
    if (!service_) return done();
    service_->write_records();
    const agent::State state = updater_->record().state;
    if (state == agent::State::kTrial) return watch_trial();
    if (state == agent::State::kShadow) return watch_shadow();
    return done();
  }
  bool serving() const { return service_ != nullptr; }

  // One check-in, and the update that it asks for.
  Result<void> turn() {
    VERGE_TRY(const agent::Reply reply, check_in());
    VERGE_CHECK(send_backlog());
    if (reply.status == 304) return done();
    if (!reply.body.contains("hash")) return done();
    wants_shadow_ = reply.body.value("shadow", false);
    const agent::Release wanted{reply.body.value("hash", ""), reply.body.value("version", int64_t{0}), reply.body.value("bytes", int64_t{0})};
    const agent::Record& r = updater_->record();
    if (reply.body.contains("key")) VERGE_CHECK(keep(*keys_, key_file(wanted.hash), reply.body.value("key", "")));
    const bool under_way = r.state == agent::State::kShadow && wanted.hash == r.candidate.hash;
    if (r.state == agent::State::kShadow && !under_way) VERGE_CHECK(withdraw());
    if (wanted.hash != r.active.hash && !under_way) VERGE_CHECK(update(reply.body.value("target", ""), wanted));
    etag_ = reply.etag;
    VERGE_CHECK(forget_keys());
    if (report() != reported_) VERGE_CHECK(check_in());  // what came of it
    return done();
  }

  // The update that a copied repository holds, without a server: the signed metadata decides as ever.
  Result<void> import() {
    tuf::Updater updates(*trusted_, o_.server + "/updates/metadata", *transport());
    VERGE_TRY(const tuf::TargetFile file, updates.find(o_.target, clock_->now_s()));
    const int64_t version = file.custom.is_object() ? file.custom.value("version", int64_t{0}) : 0;
    const auto hash = file.hashes.find("sha256");
    if (hash == file.hashes.end()) return unsupported("the target '" + o_.target + "' has no SHA-256");
    return hash->second == updater_->record().active.hash ? done() : update(o_.target, {hash->second, version, file.length});
  }

 private:
  // Over the network, or from a copy of the repository.
  tuf::Transport* transport() {
    if (!transport_)
      transport_ = o_.import_from.empty() ? agent::make_https_transport(*client_) : tuf::make_folder_transport(o_.server + "/updates", o_.import_from);
    return transport_.get();
  }
  std::string path(const char* file) const { return o_.folder + "/" + file; }

  Result<void> self_test(ByteSpan release) const {
    VERGE_TRY(const auto model, open_model(release));
    VERGE_CHECK(model->run_golden());
    return done();
  }

  // The package in a sealed release, in memory alone.
  Result<Bytes> unsealed(ByteSpan release) const {
    const auto sealed = keys_->read(key_file(sha256_hex(release)));
    if (!sealed.ok()) return Error(Code::kIntegrity, "the release is sealed, and its key is not here: check in with the server once");
    VERGE_TRY(const std::string secret, read_text(path("box.key")));
    VERGE_TRY(const agent::ReleaseKey key, agent::open_key(std::string(sealed->begin(), sealed->end()), secret));
    return agent::open_release(release, key);
  }
  template <class Use> auto with_package(ByteSpan release, const Use& use) const -> decltype(use(release)) {
    if (!agent::is_sealed(release)) return use(release);
    VERGE_TRY(const Bytes package, unsealed(release));
    return use(package);
  }
  Result<std::unique_ptr<RunningModel>> open_model(ByteSpan release) const { return with_package(release, RunningModel::open); }
  Result<void> serve(ByteSpan release) {
    return with_package(release, [this](ByteSpan package) { return service_->run(package); });
  }
  Result<void> shadow(ByteSpan release) {
    return with_package(release, [this](ByteSpan package) { return service_->shadow(package); });
  }

  static std::string key_file(const std::string& hash) { return hash + ".key"; }

  // Keys of releases that no slot holds any more.
  Result<void> forget_keys() {
    const agent::Record& r = updater_->record();
    VERGE_TRY(const auto files, keys_->list());
    for (const std::string& file : files) {
      const bool wanted = file == key_file(r.active.hash) || file == key_file(r.previous.hash) || file == key_file(r.candidate.hash);
      if (!wanted) VERGE_CHECK(keys_->remove(file));
    }
    return done();
  }

  // Durable before the next step; readable by this user alone.
  static Result<void> keep(Storage& storage, const std::string& file, const std::string& text) {
    return replace(storage, file, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }

  Result<void> open_link(bool identified) {
    const int64_t behind = clock_->behind_s();
    if (behind > 0) std::fprintf(stderr, "the clock is %lld s behind the last check-in: certificates and metadata are judged by that\n", static_cast<long long>(behind));
    VERGE_TRY(auto context, agent::TlsContext::open(path("ca.pem"), behind > 0 ? clock_->now_s() : 0));
    client_ = std::make_unique<agent::HttpsClient>(std::move(context), tuf::HttpOptions());
    if (!identified) return done();
    VERGE_TRY(const std::string certificate, read_text(path("certificate.pem")));
    VERGE_TRY(const std::string key, read_text(path("key.pem")));
    return client_->identify(certificate, key);
  }

  // Tells what this device runs, or that it is as before, and hears what it shall run.
  Result<agent::Reply> check_in() {
    const Json now = report();
    const agent::Traffic before = client_->traffic();
    Json body = now == reported_ ? Json{{"same", true}} : now;
    VERGE_TRY(const int64_t last, add_telemetry(body));
    VERGE_TRY(agent::Reply reply, agent::post(*client_, server_, "/v1/checkin", body, etag_));
    if (reply.status != 304 && reply.status != 200) return refused(reply);
    reported_ = now;
    VERGE_CHECK(clock_->checked_in());
    VERGE_CHECK(acknowledge(last));
    if (o_.verbose) tell(before, client_->traffic());
    return reply;
  }

  // The oldest records that wait, into a check-in's body; the last one's sequence, -1 without any.
  Result<int64_t> add_telemetry(Json& body) {
    if (!service_) return -1;
    service_->write_records();
    const std::lock_guard lock(service_->telemetry_lock());
    VERGE_TRY(auto waiting, telemetry_->waiting(kRecordsACheckIn));
    if (waiting.empty()) return -1;
    const int64_t last = waiting.back()["sequence"];
    body["telemetry"] = std::move(waiting);
    return last;
  }

  Result<void> acknowledge(int64_t last) {
    if (last < 0) return done();
    const std::lock_guard lock(service_->telemetry_lock());
    return telemetry_->acknowledge(last);
  }

  // What was gathered without a network, a few check-ins' worth at a time.
  Result<void> send_backlog() {
    for (int i = 0; i < 4; ++i) {
      Json body = {{"same", true}};
      VERGE_TRY(const int64_t last, add_telemetry(body));
      if (last < 0) return done();
      VERGE_TRY(const agent::Reply reply, agent::post(*client_, server_, "/v1/checkin", body, etag_));
      if (reply.status != 304 && reply.status != 200) return refused(reply);
      VERGE_CHECK(acknowledge(last));
    }
    return done();
  }

  Result<void> begin_service() {
    if (o_.service.socket.empty()) return done();
    VERGE_CHECK(make_directories(path("telemetry")));
    telemetry_storage_ = make_folder_storage(path("telemetry"));
    VERGE_TRY(telemetry_, agent::TelemetryRing::open(*telemetry_storage_));
    ServiceOptions options = o_.service;
    options.most_latency_ms = o_.most_latency_ms;
    if (options.most_samples > 0) options.samples = path("samples");
    VERGE_TRY(service_, Service::start(options, *telemetry_));
    if (const auto candidate = updater_->candidate(); candidate.ok()) VERGE_CHECK(shadow(*candidate));
    return done();
  }

  // Live inferences decide over a trial: the first that harm roll it back, a hundred good ones commit it.
  Result<void> watch_trial() {
    const Health now = service_->conduct();
    if (now.state == "DEGRADED") return take_back(now.reason);
    if (service_->runs() < o_.trial_runs) return done();
    health_ = now;
    std::printf("committed version %lld after %lld inferences\n", static_cast<long long>(updater_->record().active.version),
                static_cast<long long>(service_->runs()));
    std::fflush(stdout);
    return updater_->commit();
  }

  Result<void> watch_shadow() {
    const ShadowCounts counts = service_->shadow_counts();
    if (counts.runs < o_.shadow_runs) return done();
    const double agreement = static_cast<double>(counts.agreed) / static_cast<double>(counts.runs);
    if (agreement < o_.least_agreement) {
      const std::string reason = format("it agrees with the model before in %.0f %% of %lld inferences, at least %.0f %% are wanted", 100 * agreement,
                                        static_cast<long long>(counts.runs), 100 * o_.least_agreement);
      std::printf("refused: %s\n", reason.c_str());
      VERGE_CHECK(updater_->refuse(reason));
      return service_->shadow({});
    }
    std::printf("out of the shadow: %.1f %% of %lld inferences agree\n", 100 * agreement, static_cast<long long>(counts.runs));
    last_shadow_ = {updater_->record().candidate.hash, counts};
    VERGE_CHECK(updater_->accept());
    VERGE_CHECK(service_->shadow({}));
    return judge();
  }

  // The server wishes something else than what is in the shadow.
  Result<void> withdraw() {
    std::printf("withdrawn from the shadow\n");
    VERGE_CHECK(updater_->drop("the server withdrew it"));
    return service_ ? service_->shadow({}) : done();
  }

  Result<void> take_back(const std::string& reason) {
    const double begin = now_s();
    VERGE_CHECK(updater_->roll_back(reason));
    const auto bytes = updater_->active();
    if (bytes.ok() && service_) VERGE_CHECK(serve(*bytes));
    std::printf("rolled back: %s (%.0f ms)\n", reason.c_str(), (now_s() - begin) * 1000);
    std::fflush(stdout);
    return judge();
  }

  static void tell(const agent::Traffic& before, const agent::Traffic& now) {
    std::printf("check-in: %llu bytes up, %llu down%s\n", static_cast<unsigned long long>(now.sent - before.sent),
                static_cast<unsigned long long>(now.received - before.received), now.resumed > before.resumed ? ", session resumed" : "");
    std::fflush(stdout);
  }

  static Error refused(const agent::Reply& reply) {
    const std::string why = reply.body.is_object() ? reply.body.value("error", "") : "";
    return Error(reply.status == 401 ? Code::kIntegrity : Code::kIo, format("the server answers %ld: ", reply.status) + why);
  }

  Result<void> enrol() {
    if (o_.token.empty() || o_.ca.empty()) return invalid("this device is not enrolled; give --token and --ca once (verge fleet token makes a token)");
    std::string token = o_.token;
    if (token[0] == '@') {
      VERGE_TRY(token, read_text(o_.token.substr(1)));
    }
    VERGE_TRY(const std::string ca, read_text(o_.ca));
    VERGE_CHECK(keep(*home_, "ca.pem", ca));
    VERGE_TRY(const agent::Identity identity, agent::make_identity(o_.device));
    const agent::BoxKeys box = agent::make_box_keys();
    VERGE_CHECK(open_link(false));
    VERGE_TRY(const agent::Reply reply,
              agent::post(*client_, server_, "/v1/enrol",
                          {{"device", o_.device}, {"token", token}, {"request", identity.request_pem}, {"box", box.open_hex}}));
    if (reply.status != 200) return refused(reply).within("enrolment");
    const std::string root = reply.body.value("root", "");
    VERGE_CHECK(tuf::Updater::init(*trusted_, {reinterpret_cast<const uint8_t*>(root.data()), root.size()}));
    VERGE_CHECK(keep(*home_, "box.key", box.secret_hex));
    VERGE_CHECK(keep(*home_, "key.pem", identity.key_pem));
    VERGE_CHECK(keep(*home_, "certificate.pem", reply.body.value("certificate", "")));  // the last: what says that this device is enrolled
    std::printf("enrolled as %s\n", o_.device.c_str());
    return done();
  }

  Json report() const {
    const agent::Record& r = updater_->record();
    utsname host{};
    ::uname(&host);
    const Health health = service_ && service_->runs() > 0 ? service_->health() : health_;
    Json out = {{"hardware", host.machine},
                {"hash", r.active.hash},
                {"version", r.active.version},
                {"state", agent::state_name(r.state)},
                {"health", health.state},
                {"reason", health.reason.empty() ? r.reason : health.reason},
                {"failed", r.refused.empty() ? "" : r.refused.back()}};
    for (const std::string& label : o_.labels) out["labels"][label.substr(0, label.find('='))] = label.substr(label.find('=') + 1);
    if (!service_) return out;
    if (service_->runs() > 0) out["numbers"] = service_->numbers();
    const bool shadowed = r.state == agent::State::kShadow;
    const ShadowCounts counts = shadowed ? service_->shadow_counts() : last_shadow_.second;
    const std::string& hash = shadowed ? r.candidate.hash : last_shadow_.first;
    if (counts.runs > 0) out["shadow"] = {{"hash", hash}, {"runs", counts.runs}, {"agreed", counts.agreed}};
    return out;
  }

  Result<void> update(const std::string& target, const agent::Release& wanted) {
    const auto offered = updater_->offer(wanted, wants_shadow_ && service_);
    if (!offered.ok()) {
      if (offered.error().code() != Code::kInvalidArgument) return offered.error();
      std::printf("not taken: %s\n", offered.error().message().c_str());
      return done();
    }
    VERGE_CHECK(fetch(target, wanted, *offered));
    const auto installed = updater_->install();
    if (!installed.ok()) {
      std::printf("refused: %s\n", installed.error().message().c_str());
      return done();
    }
    if (const auto candidate = updater_->candidate(); candidate.ok()) {
      std::printf("version %lld runs in the shadow\n", static_cast<long long>(wanted.version));
      std::fflush(stdout);
      return service_ ? shadow(*candidate) : updater_->accept();
    }
    return judge();
  }

  // The signed metadata must vouch for what the server wishes: a server alone can put nothing on a device.
  Result<void> fetch(const std::string& target, const agent::Release& wanted, uint64_t from) {
    tuf::Updater updates(*trusted_, o_.server + "/updates/metadata", *transport());
    VERGE_TRY(const tuf::TargetFile file, updates.find(target, clock_->now_s()));
    const auto hash = file.hashes.find("sha256");
    const int64_t version = file.custom.is_object() ? file.custom.value("version", int64_t{0}) : 0;
    if (hash == file.hashes.end() || hash->second != wanted.hash || file.length != wanted.bytes || version != wanted.version) {
      VERGE_CHECK(updater_->drop("the signed metadata does not vouch for it"));
      return Error(Code::kIntegrity, "the server wishes '" + target + "' in a form that the signed metadata does not vouch for");
    }
    if (static_cast<uint64_t>(wanted.bytes) > kMostModelBytes) return Error(Code::kBudget, "the release has more than 1 GB");
    if (from == 0 && fetch_delta(updates, wanted)) return done();
    if (from == static_cast<uint64_t>(wanted.bytes)) return done();
    const size_t slash = target.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : target.substr(0, slash + 1);
    const std::string url = o_.server + "/updates/targets/" + folder + wanted.hash + "." + tuf::quoted(target.substr(folder.size()));
    return fetch_rest(url, static_cast<uint64_t>(wanted.bytes), from);
  }

  // A cut connection goes on at the byte where it was cut, as long as each brings something.
  Result<void> fetch_rest(const std::string& url, uint64_t bytes, uint64_t from) {
    for (int idle = 0;;) {
      const uint64_t before = from;
      const Result<void> fetched = transport()->fetch(url, bytes - from, from, [&](ByteSpan piece) -> Result<void> {
        VERGE_CHECK(updater_->arrive(piece));
        from += piece.size();
        return done();
      });
      if (fetched.ok() || fetched.error().code() != Code::kIo || from == bytes) return fetched.ok() || from == bytes ? done() : fetched;
      idle = from > before ? 0 : idle + 1;
      if (idle == kIdleTries) return fetched;
      ::usleep(static_cast<useconds_t>(100'000 << idle));
    }
  }

  // The difference to the active model, where the metadata names one. False: whatever went wrong, the full file is there.
  bool fetch_delta(tuf::Updater& updates, const agent::Release& wanted) {
    const auto base = updater_->active();
    if (!base.ok()) return false;
    const auto file = updates.find(delta_name(updater_->record().active.hash, wanted.hash), clock_->now_s());
    if (!file.ok()) return false;
    const auto path = updates.download(*file, o_.server + "/updates/targets", o_.folder + "/deltas");
    const auto delta = path.ok() ? read_file(*path) : Result<Bytes>(path.error());
    if (!delta.ok()) return false;
    ::unlink(path->c_str());
    const auto next = apply_delta(*base, *delta, static_cast<uint64_t>(wanted.bytes));
    if (!next.ok() || sha256_hex(*next) != wanted.hash || !updater_->arrive(*next).ok()) return false;
    std::printf("a delta of %s bytes instead of %s\n", with_commas(file->length).c_str(), with_commas(wanted.bytes).c_str());
    return true;
  }

  // Runs the active model's golden vectors here. A trial is taken back by what comes out; it is committed at once where no programs are served, else
  // by watch_trial().
  Result<void> judge() {
    const auto bytes = updater_->active();
    if (!bytes.ok()) return bytes.error().code() == Code::kNotFound ? done() : Result<void>(bytes.error());
    const Looked looked = look_at(*bytes);
    health_ = looked.health;
    const bool trial = updater_->record().state == agent::State::kTrial;
    if (trial && health_.state != "HEALTHY") return take_back(health_.reason);
    if (service_) VERGE_CHECK(serve(*bytes));
    std::printf("%s", looked.words.c_str());  // from here on programs are answered
    std::fflush(stdout);
    return trial && !service_ ? updater_->commit() : done();
  }

  struct Looked {
    Health health;
    std::string words;  // for the terminal, a line
  };

  Looked look_at(const Bytes& bytes) const {
    const auto bad = [](const Error& e) { return Looked{{"DEGRADED", e.message()}, ""}; };
    auto model = open_model(bytes);
    if (!model.ok()) return bad(model.error());
    const auto golden = (*model)->run_golden();
    if (!golden.ok()) return bad(golden.error());
    const auto latency = (*model)->mean_latency_ms(o_.trial_runs);
    if (!latency.ok()) return bad(latency.error());
    const agent::Release& r = updater_->record().active;
    Looked out{{"HEALTHY", ""},
               format("running version %lld (%.12s): %u outputs as promised, %.2f ms\n", static_cast<long long>(r.version), r.hash.c_str(), golden->outputs,
                      *latency)};
    if (*latency > o_.most_latency_ms) out.health = {"DEGRADED", format("mean latency %.1f ms, at most %.1f ms wanted", *latency, o_.most_latency_ms)};
    return out;
  }

  AgentOptions o_;
  agent::HttpsAddress server_;
  std::unique_ptr<agent::HttpsClient> client_;
  std::unique_ptr<Storage> home_, keys_, trusted_, storage_;
  std::optional<agent::TrustedClock> clock_;
  std::optional<agent::Updater> updater_;
  std::unique_ptr<tuf::Transport> transport_;
  std::unique_ptr<Storage> telemetry_storage_;
  std::optional<agent::TelemetryRing> telemetry_;
  std::unique_ptr<Service> service_;
  std::pair<std::string, ShadowCounts> last_shadow_;
  bool wants_shadow_ = false;
  Health health_;
  std::string etag_;
  Json reported_;  // what the server knows

  friend std::unique_ptr<Agent> std::make_unique<Agent>();
};

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

// Sleeps until the next check-in; an agent that serves programs looks five times a second whether a trial or a shadow has ended.
void wait(Agent& agent, int seconds) {
  const double end = now_s() + seconds;
  while (!stop_asked && now_s() < end) {
    if (agent.serving()) {
      const Result<void> ticked = agent.tick();
      if (!ticked.ok()) std::fprintf(stderr, "agent: %s\n", ticked.error().message().c_str());
      ::usleep(200'000);
    } else {
      ::sleep(static_cast<unsigned>(std::max(1.0, end - now_s())));  // a signal ends it
    }
  }
}

}  // namespace

Result<void> run_agent(const AgentOptions& o) {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  std::signal(SIGPIPE, SIG_IGN);  // a server that ends a connection while we write is an error to be told, not our end
  if (o.service.priority == Priority::kBackground) VERGE_CHECK(set_thread_priority(o.service.priority));  // downloads and self-tests too
  VERGE_TRY(const auto agent, Agent::begin(o));
  if (!o.import_from.empty()) return agent->import();
  while (true) {
    const Result<void> turned = agent->turn();
    if (o.once) return turned;
    if (!turned.ok()) std::fprintf(stderr, "check-in: %s\n", turned.error().message().c_str());
    rest();
    wait(*agent, o.interval_s);
    if (stop_asked) return done();
  }
}

void add_agent_options(CLI::App& app, AgentOptions& o) {
  char host[65] = "device";
  (void)::gethostname(host, sizeof host - 1);
  o.device = host;
  app.add_option("--folder", o.folder, "the agent's folder: identity, trusted metadata, models")->required();
  app.add_option("--server", o.server, "the fleet's server, https://...")->required();
  app.add_option("--token", o.token, "an enrolment token, or @FILE; the first time only");
  app.add_option("--ca", o.ca, "the authority that the server's certificate is of; the first time only");
  app.add_option("--device", o.device, "this device's name (default: the host's)");
  app.add_option("--label", o.labels, "NAME=VALUE by which deployments find this device, such as site=bonn; can be repeated")
      ->check([](const std::string& text) { return text.find('=') == std::string::npos ? "a label is NAME=VALUE" : ""; });
  app.add_option("--interval", o.interval_s, "seconds between check-ins (default: 60)");
  app.add_option("--max-latency", o.most_latency_ms, "ms of mean latency above which a model is DEGRADED (default: 100)");
  CLI::Option* import =
      app.add_option("--import", o.import_from, "take the update from a copy of the server's folder 'updates' (a stick) instead of the network");
  import->needs(app.add_option("--target", o.target, "with --import: which target, as  verge fleet status  names it"));
  app.add_flag("--once", o.once, "check in once and end");
  app.add_option("--serve", o.service.socket, "answer local programs on this Unix socket (docs/fleet.md)");
  app.add_option("--priority", o.service.priority, "of this model among others on the processor: background, normal or critical (default: normal)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Priority>{{"background", Priority::kBackground}, {"normal", Priority::kNormal}, {"critical", Priority::kCritical}}));
  app.add_option("--deadline", o.service.deadline_ms, "ms from a request to its answer; later ones are counted and make the model DEGRADED (default: none)");
  app.add_option("--reference", o.service.reference, "what  verge drift learn  wrote: inputs are compared with it");
  app.add_option("--keep-samples", o.service.most_samples, "keep at most so many inputs of a drift alarm in the agent's folder 'samples' (default: none)");
  app.add_option("--shadow-share", o.service.shadow_share, "share of the inputs that a release in the shadow sees too (default: 0.2)")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--shadow-runs", o.shadow_runs, "inferences that a release stays in the shadow for (default: 200)");
  app.add_option("--least-agreement", o.least_agreement, "with the model before, of a release that leaves the shadow (default: 0.8)");
  app.add_flag("--verbose", o.verbose, "say what each check-in cost, in bytes above TLS records");
}

}  // namespace verge::device
