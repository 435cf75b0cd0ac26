
#include <csignal>
#include <cstdio>
#include <ctime>
#include <set>

#include "agent/sealed.h"
#include "core/digest.h"
#include "fleet/server.h"
#include "os/file.h"
#include "os/text_file.h"
#include "packaging/delta_make.h"
#include "packaging/package_file.h"
#include "packaging/signature.h"
#include "tuf/repository.h"
#include "verge/fleet_commands.h"

namespace verge::cli {
namespace {

struct FleetOptions {
  std::string folder, model, name, verb, query;
  std::vector<std::string> hosts = {"localhost", "127.0.0.1"};
  fleet::ServerOptions server;
  int64_t deployment = 0, version = 0;
  int percent = 1, for_seconds = 0;
  std::string role = "enrol";
  double agreement = 0;
  bool json = false, automatic = false, encrypt = false;
};

int64_t now() { return std::time(nullptr); }

Result<tuf::Signer> signer(const FleetOptions& o, const char* name) {
  const std::string path = o.folder + "/keys/" + name + ".pem";
  VERGE_TRY(const std::string text, read_text(path));
  VERGE_TRY(const KeyPair keys, parse_secret_pem(text, path));
  return tuf::Signer{keys.seed};
}

// Keys of the update repository. root and targets are to be moved to a machine that stays offline.
Result<void> make_keys(const FleetOptions& o) {
  VERGE_CHECK(make_directories(o.folder + "/keys"));
  for (const char* name : {"root", "targets", "online"}) {
    const KeyPair keys = make_key_pair();
    VERGE_CHECK(write_secret(o.folder + "/keys/" + name + ".pem", secret_pem(keys)));
  }
  return done();
}

Result<void> publish(const FleetOptions& o, std::initializer_list<const char*> signing) {
  tuf::Repository repository(o.folder + "/updates");
  for (const char* name : signing) {
    VERGE_TRY(const tuf::Signer key, signer(o, name));
    VERGE_CHECK(repository.sign(key));
  }
  VERGE_TRY(const tuf::Signer online, signer(o, "online"));
  return repository.publish({online}, now());
}

Result<void> make_repository(const FleetOptions& o) {
  VERGE_CHECK(make_keys(o));
  std::map<std::string, tuf::RoleKeys> roles;
  for (const auto& [role, name] :
       std::map<std::string, const char*>{{"root", "root"}, {"targets", "targets"}, {"snapshot", "online"}, {"timestamp", "online"}}) {
    VERGE_TRY(const tuf::Signer key, signer(o, name));
    roles[role].keys = {key.key()};
  }
  VERGE_CHECK(tuf::Repository(o.folder + "/updates").init(roles, now()));
  return publish(o, {"root", "targets"});
}

Result<std::unique_ptr<fleet::Registry>> open_registry(const FleetOptions& o) {
  if (!is_directory(o.folder)) return not_found("'" + o.folder + "' is no fleet's folder; begin with  verge fleet serve");
  return fleet::Registry::open(o.folder + "/fleet.db");
}

// A delta from the newest three releases before, each where it is much smaller than the file.
Result<void> add_deltas(const FleetOptions& o, const Json& before, ByteSpan next) {
  tuf::Repository repository(o.folder + "/updates");
  std::set<std::string> bases;
  for (const Json& d : before) {
    const std::string hash = d["hash"], target = d["target"];
    if (bases.size() == 3 || hash == sha256_hex(next) || !bases.insert(hash).second) continue;
    const auto base = read_file(repository.targets_folder() + "/" + hash + "." + target);
    if (!base.ok() || agent::is_sealed(*base)) continue;
    VERGE_TRY(const Delta delta, make_delta(*base, next));
    if (!delta.uses_base || delta.bytes.size() > next.size() * 9 / 10) continue;
    VERGE_CHECK(repository.add(delta_name(hash, sha256_hex(next)), delta.bytes, {}, "targets", now()));
    std::printf("delta from %.12s: %zu bytes instead of %zu\n", hash.c_str(), delta.bytes.size(), next.size());
  }
  return done();
}

// Puts a package among the updates, signed with the targets key, and rolls it out to `percent` of the devices.
Result<int64_t> roll_out(const FleetOptions& o, fleet::Registry& registry) {
  VERGE_TRY(const PackageFile package, open_package(o.model, Verify::kFull));
  fleet::Deployment d;
  Bytes sealed;
  if (o.encrypt) {
    const agent::ReleaseKey key = agent::make_release_key();
    d.key = agent::key_text(key);
    sealed = agent::seal_release(package.mapping->bytes(), key);
  }
  const ByteSpan bytes = o.encrypt ? ByteSpan(sealed) : package.mapping->bytes();
  if (!package.reader.find(package::Kind::kGolden))
    return invalid("'" + o.model +
                   "' has no golden vectors, so no device could test it; make it with  verge optimize, verge train  or  verge convert --golden");
  const std::string name = o.name.empty() ? o.model.substr(o.model.rfind('/') + 1) : o.name;
  if (name.find('/') != std::string::npos) return invalid("a release's name has no '/'");
  VERGE_TRY(const Json before, registry.deployments());
  int64_t version = o.version;
  for (const Json& d : before)
    if (o.version == 0) version = std::max(version, d["version"].get<int64_t>());
  if (o.version == 0) ++version;
  VERGE_CHECK(tuf::Repository(o.folder + "/updates").add(name, bytes, tuf::Value{{"version", version}}, "targets", now()));
  if (!o.encrypt) VERGE_CHECK(add_deltas(o, before, bytes));  // sealed bytes have nothing in common
  VERGE_CHECK(publish(o, {"targets"}));
  d.target = name;
  d.version = version;
  d.bytes = static_cast<int64_t>(bytes.size());
  d.percent = o.percent;
  d.hash = sha256_hex(bytes);
  d.agreement = o.agreement;
  d.automatic = o.automatic;
  d.devices = o.query;
  return registry.deploy(d, "local", now());
}

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

// Waits for a signal or the end of `seconds` (0: for ever); renews the timestamp each six hours.
Result<void> stay(const FleetOptions& o) {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  for (int64_t s = 1; !stop_asked && (o.for_seconds == 0 || s <= o.for_seconds * 10); ++s) {
    timespec tenth{0, 100'000'000};
    ::nanosleep(&tenth, nullptr);
    if (s % (6 * 3600 * 10) == 0) VERGE_CHECK(publish(o, {}));
  }
  return done();
}

Result<void> first_start(const FleetOptions& o, fleet::Registry& registry) {
  VERGE_CHECK(make_repository(o));
  VERGE_TRY(const std::string admin, registry.make_access_token("admin", now()));
  VERGE_CHECK(write_secret(o.folder + "/admin-token", admin));
  VERGE_TRY(const std::string token, registry.make_enrolment_token(now()));
  VERGE_CHECK(write_secret(o.folder + "/token", token));
  std::printf("made keys, authority and database in %s; move keys/root.pem and keys/targets.pem to a machine that stays offline\n", o.folder.c_str());
  if (o.model.empty()) return done();
  FleetOptions all = o;
  all.percent = 100;
  VERGE_TRY(const int64_t id, roll_out(all, registry));
  std::printf("deployment %lld: %s to every device\n", static_cast<long long>(id), o.model.c_str());
  return done();
}

Result<void> serve(const FleetOptions& o) {
  const bool first = !is_file(o.folder + "/fleet.db");
  VERGE_CHECK(make_directories(o.folder));
  VERGE_TRY(const fleet::Authority authority, fleet::Authority::open(o.folder + "/authority", o.hosts));
  VERGE_TRY(const auto registry, fleet::Registry::open(o.folder + "/fleet.db"));
  if (first) {
    VERGE_CHECK(first_start(o, *registry));
  } else {
    VERGE_CHECK(publish(o, {}));
  }
  VERGE_TRY(const std::string root, read_text(o.folder + "/updates/metadata/1.root.json"));
  fleet::Api api(*registry, authority, root);
  VERGE_TRY(const auto server, fleet::Server::start(o.server, api, authority, o.folder + "/updates"));
  std::printf("serving https://%s:%d, certificate authority %s, enrolment token in %s/token, the dashboard's in %s/admin-token\n", o.server.host.c_str(),
              server->port(), authority.path("ca.pem").c_str(), o.folder.c_str(), o.folder.c_str());
  std::fflush(stdout);
  return stay(o);
}

Result<void> token(const FleetOptions& o) {
  VERGE_TRY(const auto registry, open_registry(o));
  VERGE_TRY(const std::string text, o.role == "enrol" ? registry->make_enrolment_token(now()) : registry->make_access_token(o.role, now()));
  std::printf("%s\n", text.c_str());
  return done();
}

Result<void> deploy(const FleetOptions& o) {
  VERGE_TRY(const auto registry, open_registry(o));
  VERGE_TRY(const int64_t id, roll_out(o, *registry));
  std::printf("deployment %lld: %s to %d %% of the devices\n", static_cast<long long>(id), o.model.c_str(), o.percent);
  return done();
}

Result<void> steer(const FleetOptions& o) {
  VERGE_TRY(const auto registry, open_registry(o));
  VERGE_CHECK(registry->steer(o.deployment, o.verb, "local", now()));
  std::printf("deployment %lld: %s\n", static_cast<long long>(o.deployment), o.verb.c_str());
  return done();
}

Result<void> remove_device(const FleetOptions& o) {
  VERGE_TRY(const auto registry, open_registry(o));
  VERGE_CHECK(registry->remove(o.name, "local", now()));
  std::printf("removed %s: its check-ins are refused from now on\n", o.name.c_str());
  return done();
}

Result<void> status(const FleetOptions& o) {
  VERGE_TRY(const auto registry, open_registry(o));
  VERGE_TRY(const fleet::Group group, fleet::Group::parse(o.query));
  VERGE_TRY(const Json devices, registry->devices(now(), group));
  VERGE_TRY(const Json deployments, registry->deployments());
  const Result<void> audit = registry->check_audit();
  if (o.json) {
    print_json({{"devices", devices}, {"deployments", deployments}, {"audit", audit.ok() ? "unbroken" : audit.error().message()}});
    return done();
  }
  for (const Json& d : deployments)
    std::printf("deployment %lld  %s version %lld  %lld %%  %s %s\n", static_cast<long long>(d["id"]), d["target"].get<std::string>().c_str(),
                static_cast<long long>(d["version"]), static_cast<long long>(d["percent"]), d["state"].get<std::string>().c_str(),
                d["reason"].get<std::string>().c_str());
  for (const Json& d : devices)
    std::printf("%-24s version %lld  %-12s %-9s %s\n", d["id"].get<std::string>().c_str(), static_cast<long long>(d["version"]),
                d["state"].get<std::string>().c_str(), d["health"].get<std::string>().c_str(), d["reason"].get<std::string>().c_str());
  return audit;
}

using Options = std::shared_ptr<FleetOptions>;

CLI::App* command(CLI::App* parent, Commands& commands, const Options& o, const char* name, const char* help, Result<void> (*body)(const FleetOptions&)) {
  CLI::App* sub = parent->add_subcommand(name, help);
  sub->add_option("--folder", o->folder, "the fleet's folder: database, keys, authority, updates")->required();
  commands.push_back({sub, [o, body] { return body(*o); }});
  return sub;
}

void add_serve(CLI::App* parent, Commands& commands) {
  const auto o = std::make_shared<FleetOptions>();
  CLI::App* sub =
      command(parent, commands, o, "serve",
              "Serve a fleet; the first start makes everything that it needs\n\nExample: verge fleet serve --folder fleet --model model.vpk", serve);
  sub->add_option("--model", o->model, "a package for every device, at the first start");
  sub->add_option("--name", o->name, "its name among the updates (default: the file's)");
  sub->add_option("--host", o->server.host, "the address to listen on (default: 127.0.0.1)");
  sub->add_option("--port", o->server.port, "the port (default: 8443; 0: any)");
  sub->add_option("--hosts", o->hosts, "names and addresses for the server's certificate, at the first start");
  sub->add_option("--for", o->for_seconds, "stop after so many seconds (default: run until a signal)");
}

void add_deploy(CLI::App* parent, Commands& commands) {
  auto o = std::make_shared<FleetOptions>();
  CLI::App* sub =
      command(parent, commands, o, "deploy", "Publish a package and roll it out\n\nExample: verge fleet deploy --folder fleet next.vpk --percent 10", deploy);
  sub->add_option("model", o->model, "a .vpk")->required();
  sub->add_option("--name", o->name, "its name among the updates (default: the file's)");
  sub->add_option("--percent", o->percent, "share of the devices (default: 1)");
  sub->add_option(
      "--agreement", o->agreement,
      "devices run it beside the model before and tell how often both agree; this share, 0 to 1, is what a good release has (verge fleet rehearse)");
  sub->add_option("--devices", o->query, "only those that this query holds for, such as hardware=aarch64,label.site=bonn (docs/fleet.md; default: all)");
  sub->add_flag("--encrypt", o->encrypt, "under a key of its own, which each enrolled device gets sealed to itself (docs/fleet.md); no deltas");
  sub->add_flag("--automatic", o->automatic, "go from phase to phase as the gate allows");
  sub->add_option("--release", o->version, "its version (default: one more than the highest)");
  for (const char* verb : {"pause", "resume", "abort", "promote"}) {
    o = std::make_shared<FleetOptions>();
    o->verb = verb;
    sub = command(parent, commands, o, verb, (std::string(verb) + " a deployment\n\nExample: verge fleet " + verb + " --folder fleet 2").c_str(), steer);
    sub->add_option("deployment", o->deployment, "its number")->required();
  }
}

}  // namespace

void add_fleet(CLI::App& app, Commands& commands) {
  CLI::App* parent = app.add_subcommand("fleet", "Many devices: server, enrolment, deployments")->require_subcommand(1);
  add_serve(parent, commands);
  add_deploy(parent, commands);
  add_fleet_rehearse(parent, commands);
  add_fleet_simulate(parent, commands);
  add_fleet_proxy(parent, commands);
  auto o = std::make_shared<FleetOptions>();
  CLI::App* sub = command(parent, commands, o, "token", "A token: for one enrolment, or for the interface\n\nExample: verge fleet token --folder fleet", token);
  sub->add_option("--role", o->role, "enrol, admin or read (default: enrol)");
  o = std::make_shared<FleetOptions>();
  sub = command(parent, commands, o, "remove", "Shut a lost or stolen device out for ever\n\nExample: verge fleet remove --folder fleet camera-07",
                remove_device);
  sub->add_option("device", o->name, "its name")->required();
  o = std::make_shared<FleetOptions>();
  sub = command(parent, commands, o, "status", "Devices and deployments\n\nExample: verge fleet status --folder fleet", status);
  sub->add_option("--devices", o->query, "only those that this query holds for (docs/fleet.md)");
  sub->add_flag("--json", o->json, "print the result as JSON");
}

}  // namespace verge::cli
