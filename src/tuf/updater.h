// The client workflow of The Update Framework: keeps trusted metadata up to date and downloads targets that it vouches for.
#pragma once
#include <string>

#include "os/storage.h"
#include "tuf/transport.h"
#include "tuf/trusted.h"

namespace verge::tuf {

// How much a repository may make a client read.
struct Limits {
  uint64_t root_bytes = 512'000, timestamp_bytes = 16'384, snapshot_bytes = 2'000'000, targets_bytes = 5'000'000;
  int root_rotations = 256;
  int delegations = 32;
};

class Updater {
 public:
  // `storage` holds root.json (init() puts it there), later timestamp.json, snapshot.json and ROLE.json, bytes as they were served. Each is replaced in
  // one step that is durable before the next: after a power cut at any point every file is whole, and no role's version sank.
  Updater(Storage& storage, std::string metadata_url, Transport& transport, Limits limits = {});

  // Trusts this root from now on; asks nobody.
  static Result<void> init(Storage& storage, ByteSpan root);

  // Root, timestamp, snapshot, targets, in the order of the specification. `now_s`: seconds since 1970.
  Result<void> refresh(int64_t now_s);
  // What the roles say about a target; kNotFound when none that may speak of it does. Refreshes first when that was not done.
  Result<TargetFile> find(const std::string& target, int64_t now_s);
  // Into `folder`/quoted(target), unless it lies there already. The path of the file.
  Result<std::string> download(const TargetFile& target, const std::string& base_url, const std::string& folder);

  const TrustedMetadata& trusted() const { return *trusted_; }

 private:
  struct Visit {
    std::string role;
    Keys keys;
    Role delegation;
  };
  Result<void> load_root(int64_t now_s);
  Result<void> load_timestamp();
  Result<void> load_snapshot();
  Result<Targets> load_targets(const Visit& visit);
  std::vector<Visit> children(const Targets& targets, const std::string& target, bool* terminating) const;
  Result<Bytes> fetch_role(const std::string& role, std::optional<int64_t> version, uint64_t most_bytes);
  Result<Bytes> stored(const std::string& role) const;
  Result<void> store(const std::string& role, ByteSpan bytes) const;

  Storage& storage_;
  std::string metadata_url_;
  Transport& transport_;
  Limits limits_;
  std::optional<TrustedMetadata> trusted_;
  bool refreshed_ = false;
};

}  // namespace verge::tuf
