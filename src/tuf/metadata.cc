#include "tuf/metadata.h"

#include <fnmatch.h>
#include <openssl/evp.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "core/digest.h"
#include "core/text.h"

namespace verge::tuf {
namespace {

constexpr int kDeepest = 64;

void append_string(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

Result<void> append(std::string& out, const Value& v, int depth) {
  if (depth > kDeepest) return corrupt("metadata is nested too deeply");
  if (v.is_object() || v.is_array()) {
    const bool object = v.is_object();
    out += object ? '{' : '[';
    const char* comma = "";
    for (auto it = v.begin(); it != v.end(); ++it, comma = ",") {
      out += comma;
      if (object) append_string(out, it.key()), out += ':';
      VERGE_CHECK(append(out, *it, depth + 1));
    }
    out += object ? '}' : ']';
  } else if (v.is_string()) {
    append_string(out, v.get_ref<const std::string&>());
  } else if (v.is_number_float()) {
    return corrupt("signed metadata holds a number with a fraction; canonical JSON has integers only");
  } else {
    out += v.dump();
  }
  return done();
}

Error wrong(const std::string& field, const std::string& wanted) { return corrupt("'" + field + "' is not " + wanted); }

// Members of an object whose absence or type is an error that names them.
class Fields {
 public:
  explicit Fields(const Value& object) : object_(object) {}
  const Value* find(const char* name) const {
    const auto it = object_.is_object() ? object_.find(name) : object_.end();
    return it == object_.end() || !object_.is_object() ? nullptr : &*it;
  }
  Result<std::string> text(const char* name) const {
    const Value* v = find(name);
    if (!v || !v->is_string()) return wrong(name, "text");
    return v->get<std::string>();
  }
  Result<int64_t> integer(const char* name, int64_t least) const {
    const Value* v = find(name);
    if (!v || !v->is_number_integer() || (v->is_number_unsigned() && v->get<uint64_t>() > INT64_MAX)) return wrong(name, "an integer");
    if (v->get<int64_t>() < least) return wrong(name, "at least " + std::to_string(least));
    return v->get<int64_t>();
  }
  Result<bool> boolean(const char* name) const {
    const Value* v = find(name);
    if (!v || !v->is_boolean()) return wrong(name, "true or false");
    return v->get<bool>();
  }
  Result<const Value*> object(const char* name) const {
    const Value* v = find(name);
    if (!v || !v->is_object()) return wrong(name, "an object");
    return v;
  }
  Result<std::vector<std::string>> texts(const char* name) const {
    const Value* v = find(name);
    if (!v || !v->is_array()) return wrong(name, "a list");
    std::vector<std::string> out;
    for (const Value& item : *v) {
      if (!item.is_string()) return wrong(name, "a list of texts");
      out.push_back(item.get<std::string>());
    }
    return out;
  }

 private:
  const Value& object_;
};

Result<Keys> parse_keys(const Value& object) {
  Keys out;
  for (auto it = object.begin(); it != object.end(); ++it) {
    Key key;
    const Fields fields(*it);
    VERGE_TRY(key.type, fields.text("keytype"), "key " + it.key());
    VERGE_TRY(key.scheme, fields.text("scheme"), "key " + it.key());
    VERGE_TRY(const Value* value, fields.object("keyval"), "key " + it.key());
    VERGE_TRY(key.public_value, Fields(*value).text("public"), "key " + it.key());
    out[it.key()] = key;
  }
  return out;
}

Result<Role> parse_role(const Value& object) {
  Role out;
  const Fields fields(object);
  VERGE_TRY(out.key_ids, fields.texts("keyids"));
  VERGE_TRY(const int64_t threshold, fields.integer("threshold", 1));
  if (threshold > 1024) return wrong("threshold", "at most 1024");
  if (std::set<std::string>(out.key_ids.begin(), out.key_ids.end()).size() != out.key_ids.size()) return corrupt("a role lists a key twice");
  out.threshold = static_cast<int>(threshold);
  return out;
}

Result<std::map<std::string, std::string>> parse_hashes(const Value& object) {
  std::map<std::string, std::string> out;
  if (!object.is_object() || object.empty()) return wrong("hashes", "a list of hashes");
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (!it->is_string()) return wrong("hashes", "text");
    out[it.key()] = it->get<std::string>();
  }
  return out;
}

Result<FileMeta> parse_file_meta(const Value& object) {
  FileMeta out;
  const Fields fields(object);
  VERGE_TRY(out.version, fields.integer("version", 1));
  if (fields.find("length")) {
    VERGE_TRY(out.length, fields.integer("length", 0));
  }
  if (const Value* hashes = fields.find("hashes")) {
    VERGE_TRY(out.hashes, parse_hashes(*hashes));
  }
  return out;
}

Result<DelegatedRole> parse_delegated(const Value& object) {
  DelegatedRole out;
  const Fields fields(object);
  VERGE_TRY(out.name, fields.text("name"));
  static const std::set<std::string> top = {"", "root", "timestamp", "snapshot", "targets"};
  if (top.count(out.name)) return corrupt("a delegated role is called '" + out.name + "'");
  VERGE_TRY(out.role, parse_role(object));
  VERGE_TRY(out.terminating, fields.boolean("terminating"));
  const bool by_path = fields.find("paths"), by_hash = fields.find("path_hash_prefixes");
  if (by_path == by_hash) return corrupt("the role '" + out.name + "' needs either paths or path_hash_prefixes");
  if (by_path) {
    VERGE_TRY(out.paths, fields.texts("paths"));
  } else {
    VERGE_TRY(out.hash_prefixes, fields.texts("path_hash_prefixes"));
  }
  return out;
}

Result<HashBins> parse_bins(const Value& object) {
  HashBins out;
  const Fields fields(object);
  VERGE_TRY(out.role, parse_role(object));
  VERGE_TRY(out.prefix, fields.text("name_prefix"));
  VERGE_TRY(const int64_t bits, fields.integer("bit_length", 1));
  if (bits > 32) return wrong("bit_length", "at most 32");
  out.bits = static_cast<int>(bits);
  return out;
}

Result<Delegations> parse_delegations(const Value& object) {
  Delegations out;
  const Fields fields(object);
  VERGE_TRY(const Value* keys, fields.object("keys"));
  VERGE_TRY(out.keys, parse_keys(*keys));
  const Value* roles = fields.find("roles");
  const Value* bins = fields.find("succinct_roles");
  if (!roles == !bins) return corrupt("delegations need either roles or succinct_roles");
  if (bins) {
    VERGE_TRY(out.bins, parse_bins(*bins));
    return out;
  }
  if (!roles->is_array()) return wrong("roles", "a list");
  std::set<std::string> names;
  for (const Value& role : *roles) {
    VERGE_TRY(DelegatedRole parsed, parse_delegated(role));
    if (!names.insert(parsed.name).second) return corrupt("the role '" + parsed.name + "' is delegated twice");
    out.roles.push_back(std::move(parsed));
  }
  return out;
}

Result<void> check_type(const Envelope& e, const char* type) {
  if (e.type != type) return corrupt("this is metadata of the role '" + e.type + "', wanted '" + type + "'");
  return done();
}

std::string digest_hex(const EVP_MD* algorithm, ByteSpan bytes) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, algorithm, nullptr);
  return hex_text({digest, size});
}

// A shell pattern that must match segment by segment: '*' does not cross '/'.
bool path_matches(const std::string& target, const std::string& pattern) { return fnmatch(pattern.c_str(), target.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0; }

}  // namespace

Result<std::string> canonical(const Value& value) {
  std::string out;
  VERGE_CHECK(append(out, value, 0));
  return out;
}

bool DelegatedRole::covers(const std::string& target) const {
  const auto fits = [&](const std::string& p) { return path_matches(target, p); };
  if (std::any_of(paths.begin(), paths.end(), fits)) return true;
  const std::string hash = hash_prefixes.empty() ? "" : sha256_hex(target);
  return std::any_of(hash_prefixes.begin(), hash_prefixes.end(), [&](const std::string& p) { return starts_with(hash, p); });
}

std::string HashBins::bin_of(const std::string& target) const {
  const auto first = static_cast<uint32_t>(std::stoul(sha256_hex(target).substr(0, 8), nullptr, 16));
  const int digits = (bits + 3) / 4;
  return prefix + "-" + format("%0*x", digits, first >> (32 - bits));
}

bool HashBins::holds(const std::string& name) const {
  const size_t digits = (static_cast<size_t>(bits) + 3) / 4;
  if (name.size() != prefix.size() + 1 + digits || !starts_with(name, prefix + "-")) return false;
  const std::string number = name.substr(prefix.size() + 1);
  if (number.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  return std::stoull(number, nullptr, 16) < (uint64_t{1} << bits);
}

Result<Envelope> parse_envelope(ByteSpan bytes) {
  Value document;
  try {
    document = Value::parse(bytes.begin(), bytes.end());
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("not valid JSON: ") + e.what());
  }
  Envelope out;
  const Fields top(document);
  const Value* signatures = top.find("signatures");
  if (!signatures || !signatures->is_array() || signatures->size() > 1024) return wrong("signatures", "a list");
  std::set<std::string> seen;
  for (const Value& s : *signatures) {
    Signature one;
    VERGE_TRY(one.key_id, Fields(s).text("keyid"));
    VERGE_TRY(one.value, Fields(s).text("sig"));
    if (!seen.insert(one.key_id).second) return corrupt("two signatures name the key " + one.key_id);
    out.signatures.push_back(std::move(one));
  }
  VERGE_TRY(const Value* body, top.object("signed"));
  VERGE_TRY(out.signed_bytes, canonical(*body));
  out.body = *body;
  const Fields fields(out.body);
  VERGE_TRY(out.type, fields.text("_type"));
  VERGE_TRY(const std::string spec, fields.text("spec_version"));
  if (!starts_with(spec, "1.")) return Error(Code::kUnsupported, "the metadata follows specification " + spec + ", this Verge knows 1.x");
  VERGE_TRY(out.version, fields.integer("version", 1));
  VERGE_TRY(const std::string expires, fields.text("expires"));
  VERGE_TRY(out.expires_s, parse_time(expires));
  return out;
}

Result<Root> parse_root(const Envelope& e) {
  VERGE_CHECK(check_type(e, "root"));
  Root out{e.version, e.expires_s};
  const Fields fields(e.body);
  if (fields.find("consistent_snapshot")) {
    VERGE_TRY(out.consistent_snapshot, fields.boolean("consistent_snapshot"));
  } else {
    out.consistent_snapshot = false;
  }
  VERGE_TRY(const Value* keys, fields.object("keys"));
  VERGE_TRY(out.keys, parse_keys(*keys));
  VERGE_TRY(const Value* roles, fields.object("roles"));
  for (const char* name : {"root", "timestamp", "snapshot", "targets"}) {
    VERGE_TRY(const Value* role, Fields(*roles).object(name));
    VERGE_TRY(out.roles[name], parse_role(*role), name);
  }
  return out;
}

Result<Timestamp> parse_timestamp(const Envelope& e) {
  VERGE_CHECK(check_type(e, "timestamp"));
  Timestamp out{e.version, e.expires_s, {}};
  VERGE_TRY(const Value* meta, Fields(e.body).object("meta"));
  VERGE_TRY(const Value* snapshot, Fields(*meta).object("snapshot.json"));
  VERGE_TRY(out.snapshot, parse_file_meta(*snapshot));
  return out;
}

Result<Snapshot> parse_snapshot(const Envelope& e) {
  VERGE_CHECK(check_type(e, "snapshot"));
  Snapshot out{e.version, e.expires_s, {}};
  VERGE_TRY(const Value* meta, Fields(e.body).object("meta"));
  for (auto it = meta->begin(); it != meta->end(); ++it) {
    VERGE_TRY(out.files[it.key()], parse_file_meta(*it), it.key());
  }
  return out;
}

Result<Targets> parse_targets(const Envelope& e) {
  VERGE_CHECK(check_type(e, "targets"));
  Targets out{e.version, e.expires_s, {}, {}};
  const Fields fields(e.body);
  VERGE_TRY(const Value* files, fields.object("targets"));
  for (auto it = files->begin(); it != files->end(); ++it) {
    TargetFile file;
    file.path = it.key();
    VERGE_TRY(file.length, Fields(*it).integer("length", 0), it.key());
    VERGE_TRY(const Value* hashes, Fields(*it).object("hashes"), it.key());
    VERGE_TRY(file.hashes, parse_hashes(*hashes), it.key());
    if (const Value* custom = Fields(*it).find("custom")) file.custom = *custom;
    out.files[it.key()] = std::move(file);
  }
  if (const Value* delegations = fields.find("delegations")) {
    VERGE_TRY(out.delegations, parse_delegations(*delegations));
  }
  return out;
}

Result<int64_t> parse_time(const std::string& text) {
  std::tm t{};
  const char* end = text.size() == 20 ? strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &t) : nullptr;
  if (!end || *end) return corrupt("'" + text + "' is not a time like 2027-01-31T00:00:00Z");
  return static_cast<int64_t>(timegm(&t));
}

std::string time_text(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm t{};
  gmtime_r(&time, &t);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &t);
  return out;
}

Result<void> check_file(ByteSpan bytes, std::optional<int64_t> length, const std::map<std::string, std::string>& hashes) {
  if (length && static_cast<uint64_t>(*length) != bytes.size())
    return Error(Code::kIntegrity, format("it has %zu bytes, wanted %lld", bytes.size(), static_cast<long long>(*length)));
  for (const auto& [algorithm, wanted] : hashes) {
    const EVP_MD* known = algorithm == "sha256" ? EVP_sha256() : (algorithm == "sha512" ? EVP_sha512() : nullptr);
    if (!known) return Error(Code::kIntegrity, "its hash is by '" + algorithm + "'; sha256 and sha512 are known");
    if (digest_hex(known, bytes) != wanted) return Error(Code::kIntegrity, "its " + algorithm + " is not the one that was signed");
  }
  return done();
}

std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-' || c == '~';
    out += plain ? std::string(1, c) : format("%%%02X", static_cast<uint8_t>(c));
  }
  return out;
}

}  // namespace verge::tuf
