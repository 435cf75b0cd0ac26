#include "tuf/updater.h"

#include <algorithm>
#include <set>

#include "core/text.h"
#include "os/file.h"

namespace verge::tuf {
namespace {

std::string with_slash(const std::string& url) { return ends_with(url, "/") ? url : url + "/"; }

// A target's path in a URL: each segment quoted.
std::string url_path(const std::string& path) {
  std::vector<std::string> segments = split(path, '/');
  for (std::string& s : segments) s = tuf::quoted(s);
  return join(segments, "/");
}

// "dir/name" -> "dir/HASH.name"
std::string with_hash(const TargetFile& target) {
  const size_t slash = target.path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : target.path.substr(0, slash + 1);
  return folder + target.hashes.begin()->second + "." + target.path.substr(folder.size());
}

}  // namespace

Updater::Updater(Storage& storage, std::string metadata_url, Transport& transport, Limits limits)
    : storage_(storage), metadata_url_(with_slash(metadata_url)), transport_(transport), limits_(limits) {}

Result<void> Updater::init(Storage& storage, ByteSpan root) { return replace(storage, "root.json", root); }

Result<Bytes> Updater::stored(const std::string& role) const { return storage_.read(quoted(role) + ".json"); }
Result<void> Updater::store(const std::string& role, ByteSpan bytes) const { return replace(storage_, quoted(role) + ".json", bytes); }

Result<Bytes> Updater::fetch_role(const std::string& role, std::optional<int64_t> version, uint64_t most_bytes) {
  const std::string prefix = version ? std::to_string(*version) + "." : "";
  return fetch_bytes(transport_, metadata_url_ + prefix + quoted(role) + ".json", most_bytes);
}

Result<void> Updater::load_root(int64_t now_s) {
  VERGE_TRY(const Bytes own, stored("root"));
  VERGE_TRY(trusted_, TrustedMetadata::begin(own, now_s));
  for (int i = 0; i < limits_.root_rotations; ++i) {
    const auto next = fetch_role("root", trusted_->root().version + 1, limits_.root_bytes);
    if (!next.ok() && next.error().code() == Code::kNotFound) break;
    VERGE_CHECK(next);
    VERGE_CHECK(trusted_->update_root(*next));
    VERGE_CHECK(store("root", *next));
  }
  return trusted_->check_root_is_fresh();
}

Result<void> Updater::load_timestamp() {
  // A stored file that the root's keys do not sign any more counts nothing: that is how a fast-forward attack is recovered from.
  if (const auto own = stored("timestamp"); own.ok()) (void)trusted_->update_timestamp(*own).ok();
  VERGE_TRY(const Bytes bytes, fetch_role("timestamp", {}, limits_.timestamp_bytes));
  VERGE_TRY(const bool newer, trusted_->update_timestamp(bytes));
  VERGE_CHECK(trusted_->check_timestamp_is_fresh());
  return newer ? store("timestamp", bytes) : done();
}

Result<void> Updater::load_snapshot() {
  if (const auto own = stored("snapshot"); own.ok() && trusted_->update_snapshot(*own, true).ok() && trusted_->check_snapshot_is_final().ok()) return done();
  const FileMeta& meta = trusted_->timestamp()->snapshot;
  const auto version = trusted_->root().consistent_snapshot ? std::optional(meta.version) : std::nullopt;
  const auto most = static_cast<uint64_t>(meta.length.value_or(static_cast<int64_t>(limits_.snapshot_bytes)));
  VERGE_TRY(const Bytes bytes, fetch_role("snapshot", version, std::min(most, limits_.snapshot_bytes)));
  VERGE_CHECK(trusted_->update_snapshot(bytes, false));
  VERGE_CHECK(trusted_->check_snapshot_is_final());
  return store("snapshot", bytes);
}

Result<Targets> Updater::load_targets(const Visit& visit) {
  if (const auto own = stored(visit.role); own.ok()) {
    auto known = trusted_->check_targets(*own, visit.role, visit.keys, visit.delegation);
    if (known.ok()) return known;
  }
  const auto meta = trusted_->snapshot()->files.find(visit.role + ".json");
  if (meta == trusted_->snapshot()->files.end()) return Error(Code::kIntegrity, "the role '" + visit.role + "' is delegated to but not in the snapshot");
  const auto version = trusted_->root().consistent_snapshot ? std::optional(meta->second.version) : std::nullopt;
  const auto most = static_cast<uint64_t>(meta->second.length.value_or(static_cast<int64_t>(limits_.targets_bytes)));
  VERGE_TRY(const Bytes bytes, fetch_role(visit.role, version, std::min(most, limits_.targets_bytes)));
  VERGE_TRY(Targets targets, trusted_->check_targets(bytes, visit.role, visit.keys, visit.delegation));
  VERGE_CHECK(store(visit.role, bytes));
  return targets;
}

Result<void> Updater::refresh(int64_t now_s) {
  refreshed_ = false;
  VERGE_CHECK(load_root(now_s));
  VERGE_CHECK(load_timestamp());
  VERGE_CHECK(load_snapshot());
  VERGE_CHECK(load_targets({"targets", trusted_->root().keys, trusted_->root().roles.at("targets")}));
  refreshed_ = true;
  return done();
}

std::vector<Updater::Visit> Updater::children(const Targets& targets, const std::string& target, bool* terminating) const {
  std::vector<Visit> out;
  if (!targets.delegations) return out;
  const Delegations& d = *targets.delegations;
  if (d.bins) out.push_back({d.bins->bin_of(target), d.keys, d.bins->role});
  for (const DelegatedRole& role : d.roles) {
    if (!role.covers(target)) continue;
    out.push_back({role.name, d.keys, role.role});
    if ((*terminating = role.terminating)) break;
  }
  return out;
}

Result<TargetFile> Updater::find(const std::string& target, int64_t now_s) {
  if (!refreshed_) VERGE_CHECK(refresh(now_s));
  std::vector<Visit> waiting = {{"targets", trusted_->root().keys, trusted_->root().roles.at("targets")}};
  std::set<std::string> visited;
  while (!waiting.empty() && visited.size() <= static_cast<size_t>(limits_.delegations)) {
    const Visit visit = std::move(waiting.back());
    waiting.pop_back();
    if (visited.count(visit.role)) continue;
    VERGE_TRY(const Targets targets, load_targets(visit));
    if (const auto found = targets.files.find(target); found != targets.files.end()) return found->second;
    visited.insert(visit.role);
    bool terminating = false;
    std::vector<Visit> more = children(targets, target, &terminating);
    if (terminating) waiting.clear();
    waiting.insert(waiting.end(), std::make_move_iterator(more.rbegin()), std::make_move_iterator(more.rend()));
  }
  return not_found("no role vouches for the target '" + target + "'");
}

Result<std::string> Updater::download(const TargetFile& target, const std::string& base_url, const std::string& folder) {
  const std::string to = folder + "/" + quoted(target.path), what = "target '" + target.path + "'";
  if (const auto have = read_file(to); have.ok() && check_file(*have, target.length, target.hashes).ok()) return to;
  const std::string path = trusted_->root().consistent_snapshot ? with_hash(target) : target.path;
  VERGE_TRY(const Bytes bytes, fetch_bytes(transport_, with_slash(base_url) + url_path(path), static_cast<uint64_t>(target.length)), what);
  VERGE_CHECK(check_file(bytes, target.length, target.hashes), what);
  VERGE_CHECK(make_directories(folder));
  VERGE_CHECK(write_file(to, bytes));
  return to;
}

}  // namespace verge::tuf
