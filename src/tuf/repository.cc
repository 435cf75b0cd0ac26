#include "tuf/repository.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/digest.h"
#include "core/text.h"
#include "os/file.h"

namespace verge::tuf {
namespace {

constexpr int64_t kDay = 86400;

std::string text_of(const Value& file) { return file.dump(1) + "\n"; }
ByteSpan bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

Result<Value> read_json(const std::string& path) {
  VERGE_TRY(const Bytes bytes, read_file(path));
  try {
    return Value::parse(bytes.begin(), bytes.end());
  } catch (const nlohmann::json::exception& e) {
    return corrupt("'" + path + "' is not valid JSON: " + e.what());
  }
}

Value new_body(const char* type) { return {{"_type", type}, {"spec_version", "1.0.34"}, {"version", 0}, {"expires", ""}}; }

Value role_value(const RoleKeys& keys) {
  Value ids = Value::array();
  for (const Key& k : keys.keys) ids.push_back(key_id_of(k));
  return {{"keyids", ids}, {"threshold", keys.threshold}};
}

Result<void> check_role_keys(const std::string& role, const RoleKeys& keys) {
  std::set<std::string> ids;
  for (const Key& k : keys.keys) ids.insert(key_id_of(k));
  if (keys.threshold < 1 || static_cast<size_t>(keys.threshold) > ids.size())
    return invalid(format("role '%s' has %zu keys and wants %d signatures; give at least as many keys", role.c_str(), ids.size(), keys.threshold));
  return done();
}

Value file_meta(int64_t version, ByteSpan bytes) { return {{"version", version}, {"length", bytes.size()}, {"hashes", {{"sha256", sha256_hex(bytes)}}}}; }

// The role's delegation in a targets role's body.
Value* find_delegation(Value& body, const std::string& name) {
  if (!body.contains("delegations")) return nullptr;
  for (Value& role : body["delegations"]["roles"])
    if (role["name"] == name) return &role;
  return nullptr;
}

Result<Envelope> envelope_of(const Value& file) {
  const std::string text = text_of(file);
  return parse_envelope(bytes_of(text));
}

}  // namespace

Value key_value(const Key& key) { return {{"keytype", key.type}, {"scheme", key.scheme}, {"keyval", {{"public", key.public_value}}}}; }

std::string key_id_of(const Key& key) {
  const std::string text = *canonical(key_value(key));
  return sha256_hex(text);
}

Result<std::vector<std::string>> Repository::staged_roles() const {
  std::vector<std::string> out;
  if (!is_directory(folder_ + "/staged")) return out;
  VERGE_TRY(const auto files, list_files(folder_ + "/staged"));
  for (const std::string& f : files)
    if (ends_with(f, ".json")) out.push_back(f.substr(0, f.size() - 5));
  return out;
}

Result<int64_t> Repository::newest_version(const std::string& role) const {
  int64_t newest = 0;
  if (!is_directory(metadata_folder())) return newest;
  VERGE_TRY(const auto files, list_files(metadata_folder()));
  for (const std::string& f : files) {
    const size_t dot = f.find('.');
    if (f.substr(dot + 1) == role + ".json" && dot != std::string::npos) newest = std::max<int64_t>(newest, std::atoll(f.c_str()));
  }
  return newest;
}

Result<Value> Repository::published(const std::string& role) const {
  VERGE_TRY(const int64_t version, newest_version(role));
  if (version == 0) return not_found("'" + folder_ + "' has no published role '" + role + "'");
  return read_json(metadata_folder() + "/" + std::to_string(version) + "." + role + ".json");
}

Result<Value> Repository::newest(const std::string& role) const {
  const std::string staged = folder_ + "/staged/" + role + ".json";
  return is_file(staged) ? read_json(staged) : published(role);
}

Result<std::vector<std::string>> Repository::targets_roles() const {
  VERGE_TRY(const auto files, list_files(metadata_folder()));
  std::set<std::string> out;
  for (const std::string& f : files) {
    const std::string role = f.substr(f.find('.') + 1, f.size() - f.find('.') - 6);
    if (f != "timestamp.json" && role != "root" && role != "snapshot") out.insert(role);
  }
  return std::vector<std::string>(out.begin(), out.end());
}

Result<void> Repository::stage(const std::string& role, Value body, int days, int64_t now_s) {
  VERGE_TRY(const int64_t version, newest_version(role));
  body["version"] = version + 1;
  body["expires"] = time_text(now_s + days * kDay);
  VERGE_CHECK(make_directories(folder_ + "/staged"));
  return write_file(folder_ + "/staged/" + role + ".json", text_of({{"signatures", Value::array()}, {"signed", body}}));
}

Result<void> Repository::init(const std::map<std::string, RoleKeys>& roles, int64_t now_s) {
  if (is_directory(metadata_folder()) || is_directory(folder_ + "/staged"))
    return invalid("'" + folder_ + "' holds a repository; change it with  verge repo rotate");
  Value root = new_body("root");
  root["consistent_snapshot"] = true;
  for (const char* role : {"root", "targets", "snapshot", "timestamp"}) {
    const auto keys = roles.find(role);
    if (keys == roles.end()) return invalid(std::string("the role '") + role + "' has no key");
    VERGE_CHECK(check_role_keys(role, keys->second));
    root["roles"][role] = role_value(keys->second);
    for (const Key& k : keys->second.keys) root["keys"][key_id_of(k)] = key_value(k);
  }
  VERGE_CHECK(stage("root", root, lifetimes_.root_days, now_s));
  Value targets = new_body("targets");
  targets["targets"] = Value::object();
  VERGE_CHECK(make_directories(metadata_folder()));
  VERGE_CHECK(make_directories(targets_folder()));
  return stage("targets", targets, lifetimes_.targets_days, now_s);
}

Result<void> Repository::add(const std::string& name, ByteSpan bytes, const Value& custom, const std::string& role, int64_t now_s) {
  if (name.empty() || name[0] == '/' || ("/" + name + "/").find("/../") != std::string::npos) return invalid("'" + name + "' is no target name");
  VERGE_TRY(Value file, newest(role));
  const std::string hash = sha256_hex(bytes);
  const size_t slash = name.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash + 1);
  VERGE_CHECK(make_directories(targets_folder() + "/" + folder));
  VERGE_CHECK(write_file(targets_folder() + "/" + folder + hash + "." + name.substr(folder.size()), bytes));
  Value entry = {{"length", bytes.size()}, {"hashes", {{"sha256", hash}}}};
  if (!custom.is_null()) entry["custom"] = custom;
  file["signed"]["targets"][name] = entry;
  return stage(role, file["signed"], lifetimes_.targets_days, now_s);
}

Result<void> Repository::remove(const std::string& name, const std::string& role, int64_t now_s) {
  VERGE_TRY(Value file, newest(role));
  if (file["signed"]["targets"].erase(name) == 0) return not_found("the role '" + role + "' has no target '" + name + "'");
  return stage(role, file["signed"], lifetimes_.targets_days, now_s);
}

Result<void> Repository::rotate(const std::string& role, const std::vector<Key>& add, const std::vector<std::string>& remove, std::optional<int> threshold,
                                int64_t now_s) {
  VERGE_TRY(Value file, newest("root"));
  Value& root = file["signed"];
  if (!root["roles"].contains(role)) return invalid("root knows no role '" + role + "'; it has root, targets, snapshot and timestamp");
  Value& entry = root["roles"][role];
  std::vector<std::string> ids;
  for (const Value& id : entry["keyids"])
    if (std::find(remove.begin(), remove.end(), id.get<std::string>()) == remove.end()) ids.push_back(id);
  for (const Key& k : add) {
    root["keys"][key_id_of(k)] = key_value(k);
    if (std::find(ids.begin(), ids.end(), key_id_of(k)) == ids.end()) ids.push_back(key_id_of(k));
  }
  entry["keyids"] = ids;
  if (threshold) entry["threshold"] = *threshold;
  const int wanted = entry["threshold"];
  if (wanted < 1 || static_cast<size_t>(wanted) > ids.size())
    return invalid(format("role '%s' would have %zu keys and want %d signatures", role.c_str(), ids.size(), wanted));
  return stage("root", root, lifetimes_.root_days, now_s);
}

Result<void> Repository::delegate(const std::string& delegator, const std::string& name, const RoleKeys& keys, const std::vector<std::string>& paths,
                                  bool terminating, int64_t now_s) {
  VERGE_CHECK(check_role_keys(name, keys));
  if (name.empty() || quoted(name) != name || name.find('.') != std::string::npos)
    return invalid("'" + name + "' is no role name: letters, digits, '_', '-' and '~' only");
  VERGE_TRY(Value file, newest(delegator));
  Value& body = file["signed"];
  if (find_delegation(body, name)) return invalid("'" + delegator + "' delegates to '" + name + "' already");
  if (!body.contains("delegations")) body["delegations"] = {{"keys", Value::object()}, {"roles", Value::array()}};
  for (const Key& k : keys.keys) body["delegations"]["keys"][key_id_of(k)] = key_value(k);
  Value role = role_value(keys);
  role.update({{"name", name}, {"terminating", terminating}, {"paths", paths}});
  body["delegations"]["roles"].push_back(role);
  VERGE_CHECK(stage(delegator, body, lifetimes_.targets_days, now_s));
  Value own = new_body("targets");
  own["targets"] = Value::object();
  return stage(name, own, lifetimes_.targets_days, now_s);
}

Result<std::vector<std::pair<Keys, Role>>> Repository::authorities(const std::string& role, const Value& file) const {
  std::vector<std::pair<Keys, Role>> out;
  if (role == "root") {
    VERGE_TRY(const Envelope self, envelope_of(file));
    VERGE_TRY(Root own, parse_root(self));
    out.push_back({own.keys, own.roles["root"]});
    if (own.version == 1) return out;
  }
  const bool top = role == "root" || role == "targets" || role == "snapshot" || role == "timestamp";
  if (top) {
    VERGE_TRY(const Value above, role == "root" ? published("root") : newest("root"));
    VERGE_TRY(const Envelope envelope, envelope_of(above));
    VERGE_TRY(Root root, parse_root(envelope));
    out.push_back({root.keys, root.roles[role]});
    return out;
  }
  std::set<std::string> names = {"targets"};
  VERGE_TRY(const auto published_ones, targets_roles());
  VERGE_TRY(const auto staged_ones, staged_roles());
  names.insert(published_ones.begin(), published_ones.end());
  names.insert(staged_ones.begin(), staged_ones.end());
  for (const std::string& name : names) {
    if (name == "root" || name == role) continue;
    VERGE_TRY(const Value above, newest(name));
    VERGE_TRY(const Envelope envelope, envelope_of(above));
    VERGE_TRY(const Targets targets, parse_targets(envelope));
    for (const DelegatedRole& d : targets.delegations ? targets.delegations->roles : std::vector<DelegatedRole>())
      if (d.name == role) out.push_back({targets.delegations->keys, d.role});
  }
  if (out.empty()) return not_found("nobody delegates to the role '" + role + "'");
  return out;
}

Result<std::vector<std::string>> Repository::sign(const Signer& signer) {
  std::vector<std::string> out;
  const std::string id = signer.key_id();
  VERGE_TRY(const auto roles, staged_roles());
  for (const std::string& role : roles) {
    VERGE_TRY(Value file, newest(role));
    VERGE_TRY(const auto above, authorities(role, file));
    const auto knows = [&](const auto& a) { return std::find(a.second.key_ids.begin(), a.second.key_ids.end(), id) != a.second.key_ids.end(); };
    if (std::none_of(above.begin(), above.end(), knows)) continue;
    Value kept = Value::array();
    for (const Value& s : file["signatures"])
      if (s["keyid"] != id) kept.push_back(s);
    VERGE_TRY(const std::string message, canonical(file["signed"]));
    kept.push_back({{"keyid", id}, {"sig", signer.sign(message)}});
    file["signatures"] = kept;
    VERGE_CHECK(write_file(folder_ + "/staged/" + role + ".json", text_of(file)));
    out.push_back(role);
  }
  return out;
}

Result<void> Repository::publish_staged(const std::string& role) {
  VERGE_TRY(const Value file, newest(role));
  VERGE_TRY(const Envelope envelope, envelope_of(file));
  VERGE_TRY(const auto above, authorities(role, file));
  for (const auto& [keys, wanted] : above) VERGE_CHECK(check_signatures(envelope, keys, wanted, "staged/" + role + ".json"));
  const std::string staged = folder_ + "/staged/" + role + ".json", to = metadata_folder() + "/" + std::to_string(envelope.version) + "." + role + ".json";
  VERGE_CHECK(write_file(to, text_of(file)));
  ::unlink(staged.c_str());
  return done();
}

Result<void> Repository::write_signed(const std::string& role, const std::string& path, Value body, const std::vector<Signer>& signers) {
  VERGE_TRY(const std::string message, canonical(body));
  Value file = {{"signatures", Value::array()}, {"signed", body}};
  VERGE_TRY(const auto above, authorities(role, file));
  for (const Signer& s : signers) {
    const auto& ids = above[0].second.key_ids;
    if (std::find(ids.begin(), ids.end(), s.key_id()) != ids.end()) file["signatures"].push_back({{"keyid", s.key_id()}, {"sig", s.sign(message)}});
  }
  VERGE_TRY(const Envelope envelope, envelope_of(file));
  VERGE_CHECK(check_signatures(envelope, above[0].first, above[0].second, role), "give the keys of '" + role + "' with --key");
  return write_file(path, text_of(file));
}

Result<void> Repository::publish_snapshot(const std::vector<Signer>& signers, int64_t now_s) {
  Value body = new_body("snapshot");
  VERGE_TRY(const auto roles, targets_roles());
  for (const std::string& role : roles) {
    VERGE_TRY(const int64_t version, newest_version(role));
    VERGE_TRY(const Bytes bytes, read_file(metadata_folder() + "/" + std::to_string(version) + "." + role + ".json"));
    body["meta"][role + ".json"] = file_meta(version, bytes);
  }
  VERGE_TRY(const int64_t version, newest_version("snapshot"));
  body["version"] = version + 1;
  body["expires"] = time_text(now_s + lifetimes_.snapshot_days * kDay);
  return write_signed("snapshot", metadata_folder() + "/" + std::to_string(version + 1) + ".snapshot.json", body, signers);
}

Result<void> Repository::publish_timestamp(const std::vector<Signer>& signers, int64_t now_s) {
  const std::string path = metadata_folder() + "/timestamp.json";
  int64_t version = 0;
  if (is_file(path)) {
    VERGE_TRY(const Value before, read_json(path));
    version = before["signed"]["version"];
  }
  VERGE_TRY(const int64_t snapshot, newest_version("snapshot"));
  VERGE_TRY(const Bytes bytes, read_file(metadata_folder() + "/" + std::to_string(snapshot) + ".snapshot.json"));
  Value body = new_body("timestamp");
  body["meta"]["snapshot.json"] = file_meta(snapshot, bytes);
  body["version"] = version + 1;
  body["expires"] = time_text(now_s + lifetimes_.timestamp_days * kDay);
  return write_signed("timestamp", path, body, signers);
}

Result<void> Repository::publish(const std::vector<Signer>& signers, int64_t now_s) {
  VERGE_TRY(std::vector<std::string> roles, staged_roles());
  // Root first: it names the keys of the others; then delegators before those they delegate to.
  std::stable_sort(roles.begin(), roles.end(), [](const std::string& a, const std::string& b) {
    const auto rank = [](const std::string& r) { return r == "root" ? 0 : (r == "targets" ? 1 : 2); };
    return rank(a) < rank(b);
  });
  for (const std::string& role : roles) VERGE_CHECK(publish_staged(role));
  VERGE_CHECK(publish_snapshot(signers, now_s));
  return publish_timestamp(signers, now_s);
}

}  // namespace verge::tuf
