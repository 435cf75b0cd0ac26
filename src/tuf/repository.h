// The publisher's side of The Update Framework: a folder whose metadata and targets any web server can serve.
//
//   metadata/N.root.json, N.targets.json, N.ROLE.json, N.snapshot.json, timestamp.json     published
//   targets/HASH.name                                                                      published, consistent snapshots
//   staged/ROLE.json                                                                       waiting for signatures
//
// Root and targets keys stay offline: a change is staged here, signed wherever the keys are, published when enough of them signed.
#pragma once
#include "tuf/keys.h"

namespace verge::tuf {

struct RoleKeys {
  std::vector<Key> keys;
  int threshold = 1;
};

// How long each role's metadata is believed.
struct Lifetimes {
  int root_days = 365, targets_days = 90, snapshot_days = 7, timestamp_days = 1;
};

class Repository {
 public:
  explicit Repository(std::string folder, Lifetimes lifetimes = {}) : folder_(std::move(folder)), lifetimes_(lifetimes) {}

  // Stages the first root and empty targets. `roles`: root, targets, snapshot, timestamp.
  Result<void> init(const std::map<std::string, RoleKeys>& roles, int64_t now_s);
  // Copies a file among the targets and stages the role that vouches for it.
  Result<void> add(const std::string& name, ByteSpan bytes, const Value& custom, const std::string& role, int64_t now_s);
  Result<void> remove(const std::string& name, const std::string& role, int64_t now_s);
  // Stages a root with other keys for `role`: the old root's keys and the new one's must sign it.
  Result<void> rotate(const std::string& role, const std::vector<Key>& add, const std::vector<std::string>& remove, std::optional<int> threshold,
                      int64_t now_s);
  // Stages `delegator` with a role that may speak of `paths` only, and the role's own empty metadata.
  Result<void> delegate(const std::string& delegator, const std::string& name, const RoleKeys& keys, const std::vector<std::string>& paths, bool terminating,
                        int64_t now_s);
  // Adds a signature to each staged file whose role knows the key; their names.
  Result<std::vector<std::string>> sign(const Signer& signer);
  // Publishes what is staged, then a new snapshot and timestamp signed by `signers`. kIntegrity names a staged file that lacks signatures.
  Result<void> publish(const std::vector<Signer>& signers, int64_t now_s);

  const std::string& folder() const { return folder_; }
  std::string metadata_folder() const { return folder_ + "/metadata"; }
  std::string targets_folder() const { return folder_ + "/targets"; }

 private:
  Result<Value> newest(const std::string& role) const;  // staged, else published
  Result<Value> published(const std::string& role) const;
  Result<int64_t> newest_version(const std::string& role) const;  // 0: none
  Result<void> stage(const std::string& role, Value body, int days, int64_t now_s);
  Result<Value> root_body() const;
  // Keys and role that must sign `role`'s file.
  Result<std::vector<std::pair<Keys, Role>>> authorities(const std::string& role, const Value& file) const;
  Result<void> publish_staged(const std::string& role);
  Result<void> publish_snapshot(const std::vector<Signer>& signers, int64_t now_s);
  Result<void> publish_timestamp(const std::vector<Signer>& signers, int64_t now_s);
  Result<void> write_signed(const std::string& role, const std::string& path, Value body, const std::vector<Signer>& signers);
  Result<std::vector<std::string>> staged_roles() const;
  Result<std::vector<std::string>> targets_roles() const;  // published ones

  std::string folder_;
  Lifetimes lifetimes_;
};

Value key_value(const Key& key);
std::string key_id_of(const Key& key);

}  // namespace verge::tuf
