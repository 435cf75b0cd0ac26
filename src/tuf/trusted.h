// What a client believes: metadata that passed every check of the specification's client workflow (section 5), in its order.
#pragma once
#include "tuf/keys.h"

namespace verge::tuf {

// Each update_ either takes the new metadata or leaves what was there. Errors are kIntegrity (signatures, versions, hashes, expiry) or kCorrupt.
class TrustedMetadata {
 public:
  // `root` is trusted as it is, as long as it signs itself. `now_s`: seconds since 1970.
  static Result<TrustedMetadata> begin(ByteSpan root, int64_t now_s);

  // The successor: signed by the root before it and by itself, its version one more.
  Result<void> update_root(ByteSpan bytes);
  // False when the version is the one that is trusted already: then the old file stays.
  Result<bool> update_timestamp(ByteSpan bytes);
  // `stored`: the client's own copy, whose hash the timestamp need not know any more.
  Result<void> update_snapshot(ByteSpan bytes, bool stored);
  // A targets role and its delegator ("root" for the top-level targets, which `delegations` is not asked for).
  Result<Targets> check_targets(ByteSpan bytes, const std::string& role, const Keys& keys, const Role& delegation) const;

  // An expired root, timestamp or snapshot is believed for rollback checks only.
  Result<void> check_root_is_fresh() const;
  Result<void> check_timestamp_is_fresh() const;
  Result<void> check_snapshot_is_final() const;

  const Root& root() const { return root_; }
  const std::optional<Timestamp>& timestamp() const { return timestamp_; }
  const std::optional<Snapshot>& snapshot() const { return snapshot_; }

 private:
  Result<Envelope> signed_by(const char* role, ByteSpan bytes) const;
  Result<void> fresh(const std::string& role, int64_t expires_s) const;

  int64_t now_s_ = 0;
  Root root_;
  std::optional<Timestamp> timestamp_;
  std::optional<Snapshot> snapshot_;
};

}  // namespace verge::tuf
