#include "tuf/trusted.h"

#include "core/text.h"

namespace verge::tuf {
namespace {

Error refused(const std::string& why) { return Error(Code::kIntegrity, why); }

Error version_error(const std::string& what, int64_t found, const char* relation, int64_t wanted) {
  return refused(format("%s has version %lld, wanted %s%lld", what.c_str(), static_cast<long long>(found), relation, static_cast<long long>(wanted)));
}

}  // namespace

Result<TrustedMetadata> TrustedMetadata::begin(ByteSpan root, int64_t now_s) {
  TrustedMetadata out;
  out.now_s_ = now_s;
  VERGE_TRY(const Envelope envelope, parse_envelope(root), "root");
  VERGE_TRY(out.root_, parse_root(envelope), "root");
  VERGE_CHECK(check_signatures(envelope, out.root_.keys, out.root_.roles["root"], "root"));
  return out;
}

Result<Envelope> TrustedMetadata::signed_by(const char* role, ByteSpan bytes) const {
  VERGE_TRY(Envelope envelope, parse_envelope(bytes), role);
  VERGE_CHECK(check_signatures(envelope, root_.keys, root_.roles.at(role), role));
  return envelope;
}

Result<void> TrustedMetadata::fresh(const std::string& role, int64_t expires_s) const {
  if (now_s_ < expires_s) return done();
  return refused(role + " expired at " + time_text(expires_s) + "; it is " + time_text(now_s_) + " by this machine's clock");
}

Result<void> TrustedMetadata::update_root(ByteSpan bytes) {
  VERGE_TRY(const Envelope envelope, signed_by("root", bytes));
  VERGE_TRY(Root next, parse_root(envelope), "root");
  VERGE_CHECK(check_signatures(envelope, next.keys, next.roles["root"], "root"));
  if (next.version != root_.version + 1) return version_error("root", next.version, "", root_.version + 1);
  root_ = std::move(next);
  return done();
}

Result<bool> TrustedMetadata::update_timestamp(ByteSpan bytes) {
  VERGE_TRY(const Envelope envelope, signed_by("timestamp", bytes));
  VERGE_TRY(Timestamp next, parse_timestamp(envelope), "timestamp");
  if (timestamp_) {
    if (next.version < timestamp_->version) return version_error("timestamp", next.version, "at least ", timestamp_->version);
    if (next.version == timestamp_->version) return false;
    if (next.snapshot.version < timestamp_->snapshot.version)
      return version_error("the snapshot that the timestamp names", next.snapshot.version, "at least ", timestamp_->snapshot.version);
  }
  timestamp_ = std::move(next);
  return true;
}

Result<void> TrustedMetadata::update_snapshot(ByteSpan bytes, bool stored) {
  if (!stored) VERGE_CHECK(check_file(bytes, timestamp_->snapshot.length, timestamp_->snapshot.hashes), "snapshot");
  VERGE_TRY(const Envelope envelope, signed_by("snapshot", bytes));
  VERGE_TRY(Snapshot next, parse_snapshot(envelope), "snapshot");
  for (const auto& [name, before] : snapshot_ ? snapshot_->files : std::map<std::string, FileMeta>()) {
    const auto now = next.files.find(name);
    if (now == next.files.end()) return refused("the snapshot lacks '" + name + "', which it had before");
    if (now->second.version < before.version) return version_error("'" + name + "' in the snapshot", now->second.version, "at least ", before.version);
  }
  snapshot_ = std::move(next);
  return done();
}

Result<Targets> TrustedMetadata::check_targets(ByteSpan bytes, const std::string& role, const Keys& keys, const Role& delegation) const {
  const std::string who = "role '" + role + "'";
  const auto meta = snapshot_->files.find(role + ".json");
  if (meta == snapshot_->files.end()) return refused("the snapshot does not list the " + who);
  VERGE_CHECK(check_file(bytes, meta->second.length, meta->second.hashes), who);
  VERGE_TRY(const Envelope envelope, parse_envelope(bytes), who);
  VERGE_CHECK(check_signatures(envelope, keys, delegation, who));
  VERGE_TRY(Targets next, parse_targets(envelope), who);
  if (next.version != meta->second.version) return version_error(who, next.version, "", meta->second.version);
  VERGE_CHECK(fresh(who, next.expires_s));
  return next;
}

Result<void> TrustedMetadata::check_root_is_fresh() const { return fresh("root", root_.expires_s); }
Result<void> TrustedMetadata::check_timestamp_is_fresh() const { return fresh("timestamp", timestamp_->expires_s); }

Result<void> TrustedMetadata::check_snapshot_is_final() const {
  VERGE_CHECK(fresh("snapshot", snapshot_->expires_s));
  if (snapshot_->version == timestamp_->snapshot.version) return done();
  return version_error("snapshot", snapshot_->version, "", timestamp_->snapshot.version);
}

}  // namespace verge::tuf
