// Metadata of The Update Framework 1.0.34 (theupdateframework.github.io/specification): the five roles as values, read from JSON that nobody trusts yet.
#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::tuf {

using Value = nlohmann::json;  // keys sorted: lookups stay fast in files of hostile size

// The bytes that are signed: OLPC canonical JSON, in which keys are sorted and strings escape the quote and the backslash alone. Fails on floats and deep nesting.
Result<std::string> canonical(const Value& value);

struct Key {
  std::string type, scheme, public_value;
};
using Keys = std::map<std::string, Key>;

struct Role {
  std::vector<std::string> key_ids;
  int threshold = 1;
};

struct Signature {
  std::string key_id, value;
};

// What every role's file has, and the bytes that its signatures cover.
struct Envelope {
  std::vector<Signature> signatures;
  std::string signed_bytes;
  std::string type;
  int64_t version = 0;
  int64_t expires_s = 0;  // since 1970
  Value body;             // "signed"
};

struct Root {
  int64_t version = 0, expires_s = 0;
  bool consistent_snapshot = true;
  Keys keys;
  std::map<std::string, Role> roles;  // root, timestamp, snapshot, targets
};

// What a file must be: sizes and hashes are there where the repository gives them.
struct FileMeta {
  int64_t version = 0;
  std::optional<int64_t> length;
  std::map<std::string, std::string> hashes;  // algorithm -> hex
};

struct Timestamp {
  int64_t version = 0, expires_s = 0;
  FileMeta snapshot;
};

struct Snapshot {
  int64_t version = 0, expires_s = 0;
  std::map<std::string, FileMeta> files;  // "targets.json", ...
};

struct TargetFile {
  std::string path;
  int64_t length = 0;
  std::map<std::string, std::string> hashes;
  Value custom;
};

struct DelegatedRole {
  std::string name;
  Role role;
  bool terminating = false;
  std::vector<std::string> paths, hash_prefixes;
  // Whether the role may speak of this target.
  bool covers(const std::string& target) const;
};

// Hash bins: one role for many, named PREFIX-xx by the first bits of the target's SHA-256.
struct HashBins {
  std::string prefix;
  Role role;
  int bits = 0;
  std::string bin_of(const std::string& target) const;
  bool holds(const std::string& name) const;
};

struct Delegations {
  Keys keys;
  std::vector<DelegatedRole> roles;
  std::optional<HashBins> bins;
};

struct Targets {
  int64_t version = 0, expires_s = 0;
  std::map<std::string, TargetFile> files;
  std::optional<Delegations> delegations;
};

// Errors are kCorrupt and name the field. Signatures are not checked here.
Result<Envelope> parse_envelope(ByteSpan bytes);
Result<Root> parse_root(const Envelope& envelope);
Result<Timestamp> parse_timestamp(const Envelope& envelope);
Result<Snapshot> parse_snapshot(const Envelope& envelope);
Result<Targets> parse_targets(const Envelope& envelope);

// "2027-01-31T00:00:00Z" <-> seconds since 1970.
Result<int64_t> parse_time(const std::string& text);
std::string time_text(int64_t seconds);

// kIntegrity unless `bytes` has the length and every hash that `meta` tells; an unknown algorithm is refused.
Result<void> check_file(ByteSpan bytes, std::optional<int64_t> length, const std::map<std::string, std::string>& hashes);
// Percent-encodes everything but letters, digits and "_.-~".
std::string quoted(const std::string& text);

}  // namespace verge::tuf
