#include "tuf/model_signature.h"

#include <sodium.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/digest.h"
#include "core/text.h"
#include "os/file.h"
#include "tuf/openssl.h"
#include "tuf/repository.h"

namespace verge::tuf {
namespace {

namespace fs = std::filesystem;

constexpr char kPayloadType[] = "application/vnd.in-toto+json";
constexpr char kBundleType[] = "application/vnd.dev.sigstore.bundle.v0.3+json";
constexpr char kStatementType[] = "https://in-toto.io/Statement/v1";
constexpr char kPredicateType[] = "https://model_signing/signature/v1.0";

using Hashes = std::map<std::string, std::string>;  // file -> SHA-256, hex; a model that is one file is called "."

Error refused(const std::string& why) { return Error(Code::kIntegrity, why); }
ByteSpan bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string base64(const std::string& text) {
  std::string out(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes_of(text).data(), text.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

Result<std::string> from_base64(const Value& value) {
  const Error wrong = corrupt("the signature's bundle is damaged: not base64");
  if (!value.is_string()) return wrong;
  const auto& text = value.get_ref<const std::string&>();
  std::string out(text.size() + 1, '\0');
  size_t bytes = 0;
  if (sodium_base642bin(reinterpret_cast<uint8_t*>(out.data()), out.size(), text.data(), text.size(), nullptr, &bytes, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    return wrong;
  out.resize(bytes);
  return out;
}

// DSSE's pre-authentication encoding.
std::string message_of(const std::string& payload) {
  return "DSSEv1 " + std::to_string(sizeof kPayloadType - 1) + " " + kPayloadType + " " + std::to_string(payload.size()) + " " + payload;
}

const EVP_MD* hash_for(EVP_PKEY* key) {
  if (EVP_PKEY_base_id(key) != EVP_PKEY_EC) return nullptr;
  const int bits = EVP_PKEY_bits(key);
  return bits == 256 ? EVP_sha256() : (bits == 384 ? EVP_sha384() : (bits == 521 ? EVP_sha512() : nullptr));
}

Error wrong_key(const char* what) {
  return invalid(std::string("the ") + what +
                 " key is no ECDSA key on P-256, P-384 or P-521 in PEM; make one with  openssl ecparam -name prime256v1 -genkey -noout");
}

bool is_ignored(const std::string& file, const std::vector<std::string>& ignored) {
  return std::any_of(ignored.begin(), ignored.end(), [&](const std::string& i) { return file == i || starts_with(file, i + "/"); });
}

// `signature`, when it lies inside the folder, as a path of the folder.
void add_inside(const std::string& signature, const std::string& folder, std::vector<std::string>* ignored) {
  std::error_code error;
  const std::string inside = fs::relative(fs::weakly_canonical(signature, error), fs::weakly_canonical(folder, error), error).string();
  if (!error && !inside.empty() && inside != "." && !starts_with(inside, "..")) ignored->push_back(inside);
}

Result<Hashes> hashes_of(const std::string& path, const std::vector<std::string>& ignored) {
  Hashes out;
  if (is_file(path)) {
    VERGE_TRY(const MappedFile file, MappedFile::open(path));
    out["."] = sha256_hex(file.bytes());
    return out;
  }
  VERGE_TRY(const auto files, list_files(path));
  for (const std::string& f : files) {
    if (is_ignored(f, ignored)) continue;
    if (fs::is_symlink(path + "/" + f)) return invalid("'" + path + "/" + f + "' is a symbolic link; a signed model holds its files themselves");
    VERGE_TRY(const MappedFile file, MappedFile::open(path + "/" + f));
    out[f] = sha256_hex(file.bytes());
  }
  return out;
}

// SHA-256 over the files' digests in the order of their names.
Result<std::string> root_hash(const std::vector<std::string>& hashes) {
  std::string digests;
  for (const std::string& hex : hashes) {
    uint8_t digest[32];
    size_t bytes = 0;
    if (sodium_hex2bin(digest, sizeof digest, hex.data(), hex.size(), nullptr, &bytes, nullptr) != 0 || bytes != sizeof digest)
      return corrupt("the signature's bundle is damaged: a digest is no SHA-256");
    digests.append(reinterpret_cast<const char*>(digest), sizeof digest);
  }
  return sha256_hex(digests);
}

Result<std::string> statement_of(const std::string& name, const Hashes& hashes, const std::vector<std::string>& ignored) {
  Value resources = Value::array();
  std::vector<std::string> all;
  for (const auto& [file, hash] : hashes) {
    resources.push_back({{"name", file}, {"algorithm", "sha256"}, {"digest", hash}});
    all.push_back(hash);
  }
  VERGE_TRY(const std::string root, root_hash(all));
  const Value serialization = {{"method", "files"}, {"hash_type", "sha256"}, {"allow_symlinks", false}, {"ignore_paths", ignored}};
  const Value out = {{"_type", kStatementType},
                     {"subject", Value::array({{{"name", name}, {"digest", {{"sha256", root}}}}})},
                     {"predicateType", kPredicateType},
                     {"predicate", {{"serialization", serialization}, {"resources", resources}}}};
  return out.dump();
}

struct Statement {
  Hashes hashes;
  std::vector<std::string> ignored;
};

Result<Statement> parse_statement(const std::string& text) {
  try {
    const Value s = Value::parse(text);
    if (s.at("_type") != kStatementType || s.at("predicateType") != kPredicateType) return unsupported("the signature is no model signature of version 1.0");
    const Value& serialization = s.at("predicate").at("serialization");
    if (serialization.at("method") != "files" || serialization.at("hash_type") != "sha256")
      return unsupported("the signature is over shards or by another hash than SHA-256");
    Statement out;
    std::vector<std::string> all;
    for (const Value& r : s.at("predicate").at("resources")) {
      if (r.at("algorithm") != "sha256" || !out.hashes.emplace(r.at("name"), r.at("digest")).second) return corrupt("the signed list of files is damaged");
      all.push_back(r.at("digest"));
    }
    if (serialization.contains("ignore_paths")) out.ignored = serialization.at("ignore_paths").get<std::vector<std::string>>();
    VERGE_TRY(const std::string root, root_hash(all));
    if (s.at("subject").size() != 1 || s.at("subject")[0].at("digest").at("sha256") != root)
      return refused("the signed list of files does not fit its own digest");
    return out;
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("the signed statement is damaged: ") + e.what());
  }
}

// The payload, when `key` signed it.
Result<std::string> open_bundle(const std::string& bundle, EVP_PKEY* key) {
  try {
    const Value b = Value::parse(bundle);
    const Value& envelope = b.at("dsseEnvelope");
    if (envelope.at("payloadType") != kPayloadType || envelope.at("signatures").size() != 1)
      return corrupt("the signature's bundle is not of the kind that model signing writes");
    VERGE_TRY(const std::string payload, from_base64(envelope.at("payload")));
    VERGE_TRY(const std::string signature, from_base64(envelope.at("signatures")[0].at("sig")));
    const std::string message = message_of(payload);
    const openssl::Digest context(EVP_MD_CTX_new());
    const bool fits = EVP_DigestVerifyInit(context.get(), nullptr, hash_for(key), nullptr, key) == 1 &&
                      EVP_DigestVerify(context.get(), bytes_of(signature).data(), signature.size(), bytes_of(message).data(), message.size()) == 1;
    if (!fits) return refused("the signature is not this key's, or what was signed was changed");
    return payload;
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("the signature's bundle is damaged: ") + e.what());
  }
}

std::string sign(EVP_PKEY* key, const std::string& message) {
  const openssl::Digest context(EVP_MD_CTX_new());
  size_t bytes = 0;
  std::string out;
  if (EVP_DigestSignInit(context.get(), nullptr, hash_for(key), nullptr, key) != 1) return "";
  if (EVP_DigestSign(context.get(), nullptr, &bytes, bytes_of(message).data(), message.size()) != 1) return "";
  out.resize(bytes);
  if (EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(out.data()), &bytes, bytes_of(message).data(), message.size()) != 1) return "";
  out.resize(bytes);
  return out;
}

}  // namespace

Result<std::string> sign_model(const std::string& path, const std::string& signature, const std::string& secret_pem) {
  const openssl::Key key = openssl::parse_secret(secret_pem);
  if (!key || !hash_for(key.get())) return wrong_key("secret");
  std::vector<std::string> ignored = {".git", ".gitattributes", ".github", ".gitignore"};
  add_inside(signature, path, &ignored);
  VERGE_TRY(const Hashes hashes, hashes_of(path, ignored));
  if (hashes.empty()) return not_found("'" + path + "' holds no file to sign");
  VERGE_TRY(const std::string payload, statement_of(fs::weakly_canonical(path).filename().string(), hashes, ignored));
  const std::string signed_ = sign(key.get(), message_of(payload));
  if (signed_.empty()) return internal("OpenSSL cannot sign");
  const Value envelope = {
      {"payload", base64(payload)}, {"payloadType", kPayloadType}, {"signatures", Value::array({{{"sig", base64(signed_)}, {"keyid", ""}}})}};
  const Value material = {{"publicKey", {{"hint", sha256_hex(openssl::public_pem(key.get()))}}}, {"tlogEntries", Value::array()}};
  return Value{{"mediaType", kBundleType}, {"verificationMaterial", material}, {"dsseEnvelope", envelope}}.dump();
}

Result<void> verify_model(const std::string& path, const std::string& signature, const std::string& bundle, const std::string& public_pem) {
  const openssl::Key key = openssl::parse_public(public_pem);
  if (!key || !hash_for(key.get())) return wrong_key("public");
  VERGE_TRY(const std::string payload, open_bundle(bundle, key.get()));
  VERGE_TRY(Statement statement, parse_statement(payload));
  add_inside(signature, path, &statement.ignored);
  VERGE_TRY(const Hashes now, hashes_of(path, statement.ignored));
  for (const auto& [file, hash] : now) {
    const auto wanted = statement.hashes.find(file);
    if (wanted == statement.hashes.end()) return refused("'" + file + "' was not there when the model was signed");
    if (wanted->second != hash) return refused((file == "." ? "'" + path : "'" + file) + "' was changed after the model was signed");
  }
  for (const auto& [file, hash] : statement.hashes)
    if (!now.count(file)) return refused("'" + file + "' was signed and is missing");
  return done();
}

}  // namespace verge::tuf
