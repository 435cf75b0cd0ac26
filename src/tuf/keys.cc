#include "tuf/keys.h"

#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "tuf/openssl.h"

namespace verge::tuf {
namespace {

std::optional<Bytes> from_hex(const std::string& hex) {
  if (hex.size() % 2 || hex.size() > 8192) return {};
  Bytes out(hex.size() / 2 + 1);
  size_t bytes = 0;
  if (sodium_hex2bin(out.data(), out.size(), hex.data(), hex.size(), nullptr, &bytes, nullptr) != 0) return {};
  out.resize(bytes);
  return out.size() == hex.size() / 2 ? std::optional(out) : std::nullopt;
}

std::string to_hex(ByteSpan bytes) {
  std::string out;
  for (const uint8_t b : bytes) out += format("%02x", b);
  return out;
}

bool ed25519_fits(const std::string& key, const Bytes& signature, const std::string& message) {
  const auto public_key = from_hex(key);
  if (!public_key || public_key->size() != crypto_sign_PUBLICKEYBYTES || signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(signature.data(), reinterpret_cast<const uint8_t*>(message.data()), message.size(), public_key->data()) == 0;
}

struct Scheme {
  const char* name;
  int key_type;
  const EVP_MD* (*hash)();
  bool pss;
};
constexpr Scheme kSchemes[] = {
    {"ecdsa-sha2-nistp256", EVP_PKEY_EC, EVP_sha256, false},  {"ecdsa-sha2-nistp384", EVP_PKEY_EC, EVP_sha384, false},
    {"rsassa-pss-sha256", EVP_PKEY_RSA, EVP_sha256, true},    {"rsassa-pss-sha512", EVP_PKEY_RSA, EVP_sha512, true},
    {"rsa-pkcs1v15-sha256", EVP_PKEY_RSA, EVP_sha256, false}, {"rsa-pkcs1v15-sha512", EVP_PKEY_RSA, EVP_sha512, false},
};

bool pem_fits(const Scheme& scheme, const std::string& pem, const Bytes& signature, const std::string& message) {
  const openssl::Key key = openssl::parse_public(pem);
  if (!key || EVP_PKEY_base_id(key.get()) != scheme.key_type) return false;
  const openssl::Digest context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  if (EVP_DigestVerifyInit(context.get(), &details, scheme.hash(), nullptr, key.get()) != 1) return false;
  if (scheme.pss && (EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) != 1 || EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_AUTO) != 1))
    return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), reinterpret_cast<const uint8_t*>(message.data()), message.size()) == 1;
}

}  // namespace

bool signature_fits(const Key& key, const std::string& signature, const std::string& message) {
  const auto bytes = from_hex(signature);
  if (!bytes) return false;
  if (key.scheme == "ed25519") return key.type == "ed25519" && ed25519_fits(key.public_value, *bytes, message);
  for (const Scheme& scheme : kSchemes)
    if (key.scheme == scheme.name) return pem_fits(scheme, key.public_value, *bytes, message);
  return false;
}

Result<void> check_signatures(const Envelope& envelope, const Keys& keys, const Role& role, const std::string& who) {
  std::set<std::string> good;  // a key that goes by two ids counts once
  for (const std::string& id : role.key_ids) {
    const auto key = keys.find(id);
    const auto signature = std::find_if(envelope.signatures.begin(), envelope.signatures.end(), [&](const Signature& s) { return s.key_id == id; });
    if (key == keys.end() || signature == envelope.signatures.end()) continue;
    if (signature_fits(key->second, signature->value, envelope.signed_bytes)) good.insert(key->second.public_value);
  }
  if (good.size() >= static_cast<size_t>(role.threshold)) return done();
  return Error(Code::kIntegrity, format("%s is signed by %zu of its keys, wanted %d", who.c_str(), good.size(), role.threshold));
}

Key Signer::key() const {
  uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
  crypto_sign_seed_keypair(public_key, secret, seed.data());
  sodium_memzero(secret, sizeof secret);
  return {"ed25519", "ed25519", to_hex(public_key)};
}

std::string Signer::key_id() const {
  const Key k = key();
  const Value value = {{"keytype", k.type}, {"scheme", k.scheme}, {"keyval", {{"public", k.public_value}}}};
  const std::string text = *canonical(value);
  uint8_t digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const uint8_t*>(text.data()), text.size());
  return to_hex(digest);
}

std::string Signer::sign(const std::string& message) const {
  uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], out[crypto_sign_BYTES];
  crypto_sign_seed_keypair(public_key, secret, seed.data());
  crypto_sign_detached(out, nullptr, reinterpret_cast<const uint8_t*>(message.data()), message.size(), secret);
  sodium_memzero(secret, sizeof secret);
  return to_hex(out);
}

Signer make_signer() {
  Signer out;
  if (sodium_init() < 0) std::abort();  // no source of randomness: nothing sensible can follow
  randombytes_buf(out.seed.data(), out.seed.size());
  return out;
}

}  // namespace verge::tuf
