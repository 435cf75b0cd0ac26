#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "agent/identity.h"
#include "agent/link.h"
#include "agent/update.h"
#include "core/digest.h"
#include "core/text.h"
#include "lower/executable.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/text_file.h"
#include "packaging/delta_make.h"
#include "packaging/package_file.h"
#include "tuf/repository.h"
#include "tuf/updater.h"
#include "verge-rt/golden.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

constexpr uint64_t kMostModelBytes = uint64_t{1} << 30;

struct AgentOptions {
  std::string folder, server, token, ca, device, import_from, target;
  int interval_s = 60, trial_runs = 100;
  double most_latency_ms = 100;
  bool once = false;
};

// A model with its memory, from a package's bytes.
struct Running {
  std::shared_ptr<void> bytes;
  PackageFile package;
  std::optional<Executable> executable;
};

Result<Running> open_model(ByteSpan bytes) {
  Running out;
  out.bytes = std::shared_ptr<void>(std::aligned_alloc(package::kAlignment, (bytes.size() / package::kAlignment + 1) * package::kAlignment), std::free);
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(out.bytes.get()));
  if (const Status s = package::Reader::open(out.bytes.get(), bytes.size(), &out.package.reader); !s.ok())
    return Error(s.code(), "the release is no whole package");
  uint32_t bad = 0;
  if (!out.package.reader.verify(&bad).ok()) return Error(Code::kIntegrity, "a section of the release does not match its hash");
  VERGE_TRY(out.executable, Executable::open_in_place(out.bytes, out.package.program()));
  return out;
}

// The golden vectors, on this processor, now.
Result<device::SelfTest> run_golden(Running& model) {
  device::SelfTest test;
  const Status s = device::run_golden(model.package.reader.find(package::Kind::kGolden), model.executable->session(), &test);
  if (s.code() == Code::kNotFound) return Error(s.code(), "the release has no golden vectors, so nobody can tell whether it works here");
  if (!s.ok()) return Error(s.code(), "its golden vectors are damaged");
  if (test.different > 0)
    return Error(Code::kIntegrity,
                 format("%u of %u outputs differ from what the release promises, by up to %.3g", test.different, test.outputs, test.largest_difference));
  return test;
}

Result<void> self_test(ByteSpan bytes) {
  VERGE_TRY(Running model, open_model(bytes));
  VERGE_CHECK(run_golden(model));
  return done();
}

// Mean latency in ms over `runs` runs of the first golden inputs that stand in the session.
Result<double> mean_latency_ms(Running& model, int runs) {
  const double begin = now_s();
  for (int i = 0; i < runs; ++i) VERGE_CHECK(model.executable->run());
  return (now_s() - begin) * 1000 / runs;
}

struct Health {
  std::string state = "UNKNOWN", reason;
  double latency_ms = 0;
};

class Agent {
 public:
  static Result<std::unique_ptr<Agent>> begin(const AgentOptions& o) {
    auto out = std::make_unique<Agent>();
    out->o_ = o;
    VERGE_CHECK(make_directories(o.folder + "/slots"));
    if (!is_file(out->path("certificate.pem"))) VERGE_CHECK(out->enrol());
    out->storage_ = agent::make_folder_storage(o.folder + "/slots");
    VERGE_TRY(out->updater_, agent::Updater::open(*out->storage_, self_test));
    VERGE_CHECK(out->judge());
    return out;
  }

  // One check-in, and the update that it asks for.
  Result<void> turn() {
    VERGE_TRY(const agent::Reply reply, check_in());
    if (reply.status == 304) return done();
    if (!reply.body.contains("hash")) return done();
    const agent::Release wanted{reply.body.value("hash", ""), reply.body.value("version", int64_t{0}), reply.body.value("bytes", int64_t{0})};
    if (wanted.hash != updater_->record().active.hash) VERGE_CHECK(update(reply.body.value("target", ""), wanted));
    etag_ = reply.etag;
    if (report() != reported_) VERGE_CHECK(check_in());  // what came of it
    return done();
  }

  // The update that a copied repository holds, without a server: the signed metadata decides as ever.
  Result<void> import() {
    tuf::Updater updates(path("trusted"), o_.server + "/updates/metadata", *transport());
    VERGE_TRY(const tuf::TargetFile file, updates.find(o_.target, std::time(nullptr)));
    const int64_t version = file.custom.is_object() ? file.custom.value("version", int64_t{0}) : 0;
    const auto hash = file.hashes.find("sha256");
    if (hash == file.hashes.end()) return unsupported("the target '" + o_.target + "' has no SHA-256");
    return hash->second == updater_->record().active.hash ? done() : update(o_.target, {hash->second, version, file.length});
  }

 private:
  // Over the network, or from a copy of the repository.
  tuf::Transport* transport() {
    if (!transport_)
      transport_ = o_.import_from.empty() ? tuf::make_http_transport(http(true)) : tuf::make_folder_transport(o_.server + "/updates", o_.import_from);
    return transport_.get();
  }
  std::string path(const char* file) const { return o_.folder + "/" + file; }

  tuf::HttpOptions http(bool identified) const {
    tuf::HttpOptions out;
    out.ca_file = path("ca.pem");
    if (identified) out.certificate_file = path("certificate.pem"), out.key_file = path("key.pem");
    return out;
  }
  agent::Link link(bool identified) const { return agent::Link(o_.server, http(identified)); }

  // Tells what this device runs, or that it is as before, and hears what it shall run.
  Result<agent::Reply> check_in() {
    const Json now = report();
    VERGE_TRY(agent::Reply reply, link(true).post("/v1/checkin", now == reported_ ? Json{{"same", true}} : now, etag_));
    if (reply.status != 304 && reply.status != 200) return refused(reply);
    reported_ = now;
    return reply;
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
    VERGE_CHECK(write_file(path("ca.pem"), ca));
    VERGE_TRY(const agent::Identity identity, agent::make_identity(o_.device));
    VERGE_TRY(const agent::Reply reply, link(false).post("/v1/enrol", {{"device", o_.device}, {"token", token}, {"request", identity.request_pem}}));
    if (reply.status != 200) return refused(reply).within("enrolment");
    const std::string root = reply.body.value("root", "");
    VERGE_CHECK(tuf::Updater::init(path("trusted"), {reinterpret_cast<const uint8_t*>(root.data()), root.size()}));
    VERGE_CHECK(write_secret(path("key.pem"), identity.key_pem));
    VERGE_CHECK(write_file(path("certificate.pem"), reply.body.value("certificate", "")));
    std::printf("enrolled as %s\n", o_.device.c_str());
    return done();
  }

  Json report() const {
    const agent::Record& r = updater_->record();
    utsname host{};
    ::uname(&host);
    return {{"hardware", host.machine},
            {"hash", r.active.hash},
            {"version", r.active.version},
            {"state", agent::state_name(r.state)},
            {"health", health_.state},
            {"reason", r.reason},
            {"failed", r.refused.empty() ? "" : r.refused.back()}};
  }

  Result<void> update(const std::string& target, const agent::Release& wanted) {
    const auto offered = updater_->offer(wanted);
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
    return judge();
  }

  // The signed metadata must vouch for what the server wishes: a server alone can put nothing on a device.
  Result<void> fetch(const std::string& target, const agent::Release& wanted, uint64_t from) {
    tuf::Updater updates(path("trusted"), o_.server + "/updates/metadata", *transport());
    VERGE_TRY(const tuf::TargetFile file, updates.find(target, std::time(nullptr)));
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
    return transport()->fetch(url, static_cast<uint64_t>(wanted.bytes) - from, from, [&](ByteSpan piece) { return updater_->arrive(piece); });
  }

  // The difference to the active model, where the metadata names one. False: whatever went wrong, the full file is there.
  bool fetch_delta(tuf::Updater& updates, const agent::Release& wanted) {
    const auto base = updater_->active();
    if (!base.ok()) return false;
    const auto file = updates.find(delta_name(updater_->record().active.hash, wanted.hash), std::time(nullptr));
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

  // Runs the active model here; a trial is committed or rolled back by what comes out.
  Result<void> judge() {
    const auto bytes = updater_->active();
    if (!bytes.ok()) return bytes.error().code() == Code::kNotFound ? done() : Result<void>(bytes.error());
    health_ = look_at(*bytes);
    if (updater_->record().state != agent::State::kTrial) return done();
    if (health_.state == "HEALTHY") return updater_->commit();
    std::printf("rolled back: %s\n", health_.reason.c_str());
    VERGE_CHECK(updater_->roll_back(health_.reason));
    return judge();
  }

  Health look_at(const Bytes& bytes) {
    auto model = open_model(bytes);
    if (!model.ok()) return {"DEGRADED", model.error().message(), 0};
    const auto golden = run_golden(*model);
    if (!golden.ok()) return {"DEGRADED", golden.error().message(), 0};
    const auto latency = mean_latency_ms(*model, o_.trial_runs);
    if (!latency.ok()) return {"DEGRADED", latency.error().message(), 0};
    const agent::Release& r = updater_->record().active;
    std::printf("running version %lld (%.12s): %u outputs as promised, %.2f ms\n", static_cast<long long>(r.version), r.hash.c_str(), golden->outputs,
                *latency);
    std::fflush(stdout);
    if (*latency > o_.most_latency_ms) return {"DEGRADED", format("mean latency %.1f ms, at most %.1f ms wanted", *latency, o_.most_latency_ms), *latency};
    return {"HEALTHY", "", *latency};
  }

  AgentOptions o_;
  std::unique_ptr<agent::Storage> storage_;
  std::optional<agent::Updater> updater_;
  std::unique_ptr<tuf::Transport> transport_;
  Health health_;
  std::string etag_;
  Json reported_;  // what the server knows

  friend std::unique_ptr<Agent> std::make_unique<Agent>();
};

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

Result<void> run_agent(const AgentOptions& o) {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  VERGE_TRY(const auto agent, Agent::begin(o));
  if (!o.import_from.empty()) return agent->import();
  while (true) {
    const Result<void> turned = agent->turn();
    if (o.once) return turned;
    if (!turned.ok()) std::fprintf(stderr, "check-in: %s\n", turned.error().message().c_str());
    for (int s = 0; s < o.interval_s && !stop_asked; ++s) ::sleep(1);
    if (stop_asked) return done();
  }
}

}  // namespace

void add_agent(CLI::App& app, Commands& commands) {
  const auto o = std::make_shared<AgentOptions>();
  char host[65] = "device";
  (void)::gethostname(host, sizeof host - 1);
  o->device = host;
  CLI::App* sub =
      app.add_subcommand("agent",
                         "Keep this device's model what the fleet's server wishes\n\nExample: verge agent --folder device --server https://127.0.0.1:8443 "
                         "--ca fleet/authority/ca.pem --token @fleet/token");
  sub->add_option("--folder", o->folder, "the agent's folder: identity, trusted metadata, models")->required();
  sub->add_option("--server", o->server, "the fleet's server, https://...")->required();
  sub->add_option("--token", o->token, "an enrolment token, or @FILE; the first time only");
  sub->add_option("--ca", o->ca, "the authority that the server's certificate is of; the first time only");
  sub->add_option("--device", o->device, "this device's name (default: the host's)");
  sub->add_option("--interval", o->interval_s, "seconds between check-ins (default: 60)");
  sub->add_option("--max-latency", o->most_latency_ms, "ms of mean latency above which a model is DEGRADED (default: 100)");
  CLI::Option* import =
      sub->add_option("--import", o->import_from, "take the update from a copy of the server's folder 'updates' (a stick) instead of the network");
  import->needs(sub->add_option("--target", o->target, "with --import: which target, as  verge fleet status  names it"));
  sub->add_flag("--once", o->once, "check in once and end");
  commands.push_back({sub, [o] { return run_agent(*o); }});
}

}  // namespace verge::cli
