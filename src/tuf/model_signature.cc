#include "tuf/model_signature.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include <algorithm>
#include <ctime>
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

// Every certificate of a PEM text, in its order.
std::vector<openssl::Certificate> certificates_of(const std::string& pem) {
  std::vector<openssl::Certificate> out;
  const openssl::Bio bio = openssl::reader_of(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) out.emplace_back(one);
  ERR_clear_error();  // the end of the text
  return out;
}

Result<Value> material_of(EVP_PKEY* key, const std::string& chain_pem) {
  if (chain_pem.empty()) return Value{{"publicKey", {{"hint", sha256_hex(openssl::public_pem(key))}}}, {"tlogEntries", Value::array()}};
  const auto chain = certificates_of(chain_pem);
  if (chain.empty()) return invalid("the certificate is no X.509 in PEM");
  if (X509_check_private_key(chain[0].get(), key) != 1)
    return invalid("the first certificate is not the key's; put the signer's before those of its authorities");
  Value certificates = Value::array();
  for (const auto& c : chain) {
    uint8_t* der = nullptr;
    const int bytes = i2d_X509(c.get(), &der);
    if (bytes <= 0) return internal("OpenSSL cannot write a certificate");
    certificates.push_back({{"rawBytes", base64(std::string(reinterpret_cast<const char*>(der), static_cast<size_t>(bytes)))}});
    OPENSSL_free(der);
  }
  return Value{{"x509CertificateChain", {{"certificates", certificates}}}, {"tlogEntries", Value::array()}};
}

Result<std::vector<openssl::Certificate>> chain_in(const std::string& bundle) {
  try {
    const Value b = Value::parse(bundle);
    std::vector<openssl::Certificate> out;
    for (const Value& c : b.at("verificationMaterial").at("x509CertificateChain").at("certificates")) {
      VERGE_TRY(const std::string der, from_base64(c.at("rawBytes")));
      const uint8_t* at = bytes_of(der).data();
      out.emplace_back(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
      if (!out.back()) return corrupt("the signature's bundle is damaged: a certificate is no X.509");
    }
    if (out.empty()) return corrupt("the signature's bundle holds no certificate");
    return out;
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("the signature's bundle holds no certificates, or is damaged: ") + e.what());
  }
}

// The signer's key, when its certificate leads to an authority.
Result<openssl::Key> certified_key(const std::string& bundle, const std::string& authorities_pem) {
  VERGE_TRY(const auto chain, chain_in(bundle));
  const auto authorities = certificates_of(authorities_pem);
  if (authorities.empty()) return invalid("the authorities are no X.509 certificates in PEM");
  const openssl::Store store(X509_STORE_new());
  for (const auto& a : authorities) X509_STORE_add_cert(store.get(), a.get());
  const openssl::Certificates between(sk_X509_new_null());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  const openssl::Verification check(X509_STORE_CTX_new());
  tm begin{};
  if (X509_STORE_CTX_init(check.get(), store.get(), chain[0].get(), between.get()) != 1 || ASN1_TIME_to_tm(X509_get0_notBefore(chain[0].get()), &begin) != 1)
    return corrupt("the signature's bundle is damaged: a certificate is no X.509");
  X509_STORE_CTX_set_time(check.get(), 0, ::timegm(&begin));
  if (X509_verify_cert(check.get()) != 1)
    return refused(std::string("the signer's certificate does not lead to the authority: ") +
                   X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
  const uint32_t usage = X509_get_key_usage(chain[0].get()), purpose = X509_get_extended_key_usage(chain[0].get());
  const bool may_sign = (usage != UINT32_MAX && (usage & KU_DIGITAL_SIGNATURE)) || (purpose != UINT32_MAX && (purpose & XKU_CODE_SIGN));
  if (!may_sign) return refused("the signer's certificate is not for signing");
  openssl::Key key(X509_get_pubkey(chain[0].get()));
  if (!key || !hash_for(key.get())) return wrong_key("certified");
  return key;
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

Result<std::string> sign_model(const std::string& path, const std::string& signature, const std::string& secret_pem, const std::string& chain_pem) {
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
  VERGE_TRY(const Value material, material_of(key.get(), chain_pem));
  return Value{{"mediaType", kBundleType}, {"verificationMaterial", material}, {"dsseEnvelope", envelope}}.dump();
}

namespace {

Result<void> verify_by(EVP_PKEY* key, const std::string& path, const std::string& signature, const std::string& bundle) {
  VERGE_TRY(const std::string payload, open_bundle(bundle, key));
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

}  // namespace

Result<void> verify_model(const std::string& path, const std::string& signature, const std::string& bundle, const std::string& public_pem) {
  const openssl::Key key = openssl::parse_public(public_pem);
  if (!key || !hash_for(key.get())) return wrong_key("public");
  return verify_by(key.get(), path, signature, bundle);
}

Result<void> verify_model_by_authority(const std::string& path, const std::string& signature, const std::string& bundle, const std::string& authorities_pem) {
  VERGE_TRY(const openssl::Key key, certified_key(bundle, authorities_pem));
  return verify_by(key.get(), path, signature, bundle);
}

}  // namespace verge::tuf
