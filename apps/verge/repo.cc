#include <cstdio>
#include <ctime>

#include "core/text.h"
#include "os/file.h"
#include "os/text_file.h"
#include "packaging/signature.h"
#include "tuf/repository.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct RepoOptions {
  std::string folder, file, name, role = "targets", custom;
  std::vector<std::string> root, targets, snapshot, timestamp, keys, add, remove, paths, thresholds;
  bool terminating = false;
};

Result<tuf::Key> read_public(const std::string& path) {
  VERGE_TRY(const std::string text, read_text(path));
  VERGE_TRY(const PublicKey key, parse_public_pem(text, path));
  std::string hex;
  for (const uint8_t b : key) hex += format("%02x", b);
  return tuf::Key{"ed25519", "ed25519", hex};
}

Result<std::vector<tuf::Key>> read_publics(const std::vector<std::string>& paths) {
  std::vector<tuf::Key> out;
  for (const std::string& path : paths) {
    VERGE_TRY(tuf::Key key, read_public(path));
    out.push_back(std::move(key));
  }
  return out;
}

Result<std::vector<tuf::Signer>> read_signers(const std::vector<std::string>& paths) {
  std::vector<tuf::Signer> out;
  for (const std::string& path : paths) {
    VERGE_TRY(const std::string text, read_text(path));
    VERGE_TRY(const KeyPair keys, parse_secret_pem(text, path));
    out.push_back({keys.seed});
  }
  return out;
}

// "root=2"
Result<std::map<std::string, int>> read_thresholds(const std::vector<std::string>& texts) {
  std::map<std::string, int> out;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const int n = equals == std::string::npos ? 0 : std::atoi(text.c_str() + equals + 1);
    if (n < 1) return invalid("--threshold '" + text + "' is not like root=2");
    out[text.substr(0, equals)] = n;
  }
  return out;
}

void say_what_next(const RepoOptions& o, const char* what) {
  std::printf("%s; next: verge repo sign %s --key KEY.pem for each key that is needed, then verge repo publish\n", what, o.folder.c_str());
}

Result<void> init(const RepoOptions& o) {
  VERGE_TRY(const auto thresholds, read_thresholds(o.thresholds));
  std::map<std::string, tuf::RoleKeys> roles;
  for (const auto& [role, paths] :
       std::map<std::string, std::vector<std::string>>{{"root", o.root}, {"targets", o.targets}, {"snapshot", o.snapshot}, {"timestamp", o.timestamp}}) {
    VERGE_TRY(roles[role].keys, read_publics(paths));
    if (thresholds.count(role)) roles[role].threshold = thresholds.at(role);
  }
  VERGE_CHECK(tuf::Repository(o.folder).init(roles, std::time(nullptr)));
  say_what_next(o, "staged root and targets");
  return done();
}

Result<void> add(const RepoOptions& o) {
  VERGE_TRY(const Bytes bytes, read_file(o.file));
  Json custom;
  if (!o.custom.empty()) {
    VERGE_TRY(custom, parse_json(o.custom), "--custom");
  }
  const std::string name = o.name.empty() ? o.file.substr(o.file.rfind('/') + 1) : o.name;
  VERGE_CHECK(tuf::Repository(o.folder).add(name, bytes, tuf::Value(custom), o.role, std::time(nullptr)));
  say_what_next(o, ("staged " + name).c_str());
  return done();
}

Result<void> remove(const RepoOptions& o) {
  VERGE_CHECK(tuf::Repository(o.folder).remove(o.name, o.role, std::time(nullptr)));
  say_what_next(o, ("staged the targets without " + o.name).c_str());
  return done();
}

Result<void> rotate(const RepoOptions& o) {
  VERGE_TRY(const auto keys, read_publics(o.add));
  VERGE_TRY(const auto thresholds, read_thresholds(o.thresholds));
  std::vector<std::string> gone;
  for (const std::string& path : o.remove) {
    VERGE_TRY(const tuf::Key key, read_public(path));
    gone.push_back(tuf::key_id_of(key));
  }
  const auto threshold = thresholds.find(o.role);
  VERGE_CHECK(tuf::Repository(o.folder).rotate(o.role, keys, gone, threshold == thresholds.end() ? std::nullopt : std::optional(threshold->second),
                                               std::time(nullptr)));
  say_what_next(o, "staged a new root, which the old root keys and the new ones sign");
  return done();
}

Result<void> delegate(const RepoOptions& o) {
  VERGE_TRY(const auto thresholds, read_thresholds(o.thresholds));
  tuf::RoleKeys keys;
  VERGE_TRY(keys.keys, read_publics(o.keys));
  if (thresholds.count(o.name)) keys.threshold = thresholds.at(o.name);
  VERGE_CHECK(tuf::Repository(o.folder).delegate(o.role, o.name, keys, o.paths, o.terminating, std::time(nullptr)));
  say_what_next(o, ("staged the delegation to " + o.name).c_str());
  return done();
}

Result<void> sign(const RepoOptions& o) {
  VERGE_TRY(const auto signers, read_signers(o.keys));
  for (const tuf::Signer& signer : signers) {
    VERGE_TRY(const auto signed_roles, tuf::Repository(o.folder).sign(signer));
    if (signed_roles.empty()) return not_found("nothing staged in '" + o.folder + "' is for key " + signer.key_id().substr(0, 16));
    std::printf("signed %s with key %s\n", join(signed_roles, ", ").c_str(), signer.key_id().substr(0, 16).c_str());
  }
  return done();
}

Result<void> publish(const RepoOptions& o) {
  VERGE_TRY(const auto signers, read_signers(o.keys));
  VERGE_CHECK(tuf::Repository(o.folder).publish(signers, std::time(nullptr)));
  std::printf("published %s\n", o.folder.c_str());
  return done();
}

using Options = std::shared_ptr<RepoOptions>;

CLI::App* command(CLI::App* repo, Commands& commands, const Options& o, const char* name, const char* help, Result<void> (*body)(const RepoOptions&)) {
  CLI::App* sub = repo->add_subcommand(name, help);
  sub->add_option("repository", o->folder, "the repository's folder")->required();
  commands.push_back({sub, [o, body] { return body(*o); }});
  return sub;
}

void add_init(CLI::App* repo, Commands& commands) {
  const auto o = std::make_shared<RepoOptions>();
  CLI::App* sub = command(repo, commands, o, "init",
                          "Stage the first root\n\nExample: verge repo init updates --root r1.pub.pem r2.pub.pem --threshold root=2 --targets t.pub.pem "
                          "--snapshot s.pub.pem --timestamp s.pub.pem",
                          init);
  sub->add_option("--root", o->root, "public keys that may change keys (offline)")->required();
  sub->add_option("--targets", o->targets, "public keys that vouch for files (offline)")->required();
  sub->add_option("--snapshot", o->snapshot, "public keys that say which files belong together (online)")->required();
  sub->add_option("--timestamp", o->timestamp, "public keys that say what is newest (online)")->required();
  sub->add_option("--threshold", o->thresholds, "how many keys must sign, as root=2");
}

void add_files(CLI::App* repo, Commands& commands) {
  auto o = std::make_shared<RepoOptions>();
  CLI::App* sub = command(repo, commands, o, "add", "Stage a file among the targets\n\nExample: verge repo add updates model.vpk --name camera/model.vpk", add);
  sub->add_option("file", o->file, "the file")->required();
  sub->add_option("--name", o->name, "the target's name (default: the file's)");
  sub->add_option("--custom", o->custom, "JSON that is signed with it");
  sub->add_option("--role", o->role, "the role that vouches for it (default: targets)");
  o = std::make_shared<RepoOptions>();
  sub = command(repo, commands, o, "remove", "Stage the targets without a file\n\nExample: verge repo remove updates camera/model.vpk", remove);
  sub->add_option("name", o->name, "the target's name")->required();
  sub->add_option("--role", o->role, "the role that vouches for it (default: targets)");
}

void add_keys(CLI::App* repo, Commands& commands) {
  auto o = std::make_shared<RepoOptions>();
  CLI::App* sub = command(repo, commands, o, "rotate",
                          "Stage a root with other keys\n\nExample: verge repo rotate updates --role targets --add new.pub.pem --remove old.pub.pem", rotate);
  sub->add_option("--role", o->role, "root, targets, snapshot or timestamp")->required();
  sub->add_option("--add", o->add, "public keys");
  sub->add_option("--remove", o->remove, "public keys");
  sub->add_option("--threshold", o->thresholds, "how many keys must sign, as root=2");
  o = std::make_shared<RepoOptions>();
  sub = command(repo, commands, o, "delegate",
                "Stage a role that may vouch for some names\n\nExample: verge repo delegate updates --name cameras --key team.pub.pem --path 'camera/*'",
                delegate);
  sub->add_option("--name", o->name, "the new role")->required();
  sub->add_option("--key", o->keys, "its public keys")->required();
  sub->add_option("--path", o->paths, "patterns of target names; * does not cross /")->required();
  sub->add_option("--threshold", o->thresholds, "how many keys must sign, as NAME=2");
  sub->add_option("--role", o->role, "who delegates (default: targets)");
  sub->add_flag("--terminating", o->terminating, "nobody after it is asked about these names");
}

void add_signing(CLI::App* repo, Commands& commands) {
  auto o = std::make_shared<RepoOptions>();
  CLI::App* sub = command(repo, commands, o, "sign", "Sign what is staged and knows the key\n\nExample: verge repo sign updates --key targets.pem", sign);
  sub->add_option("--key", o->keys, "secret keys (PEM, ed25519)")->required();
  o = std::make_shared<RepoOptions>();
  sub = command(repo, commands, o, "publish",
                "Publish what is staged and signed, with a new snapshot and timestamp\n\nExample: verge repo publish updates --key online.pem", publish);
  sub->add_option("--key", o->keys, "secret keys of snapshot and timestamp (PEM, ed25519)")->required();
}

}  // namespace

void add_repo(CLI::App& app, Commands& commands) {
  CLI::App* repo = app.add_subcommand("repo", "A repository of updates (The Update Framework 1.0.34)")->require_subcommand(1);
  add_init(repo, commands);
  add_files(repo, commands);
  add_keys(repo, commands);
  add_signing(repo, commands);
}

}  // namespace verge::cli
