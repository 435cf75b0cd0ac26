#include "packaging/signature.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "core/digest.h"
#include "core/text.h"

namespace verge {
namespace {

using package::Kind;

// What lies in a signature section.
struct SignatureSection {
  uint32_t version = 1;
  uint32_t algorithm = 1;  // ed25519
  uint8_t public_key[32] = {};
  uint8_t signature[64] = {};
};
static_assert(sizeof(SignatureSection) == 104);

constexpr char kDomain[] = "verge package manifest v1\n";  // a signature of anything else says nothing here
constexpr uint8_t kSecretPrefix[16] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
constexpr uint8_t kPublicPrefix[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

ByteSpan section_bytes(const PackageFile& p, Kind kind) {
  const package::Section s = p.reader.find(kind);
  return {s.data, s.bytes};
}

Bytes message_of(ByteSpan manifest) {
  Bytes out(kDomain, kDomain + sizeof kDomain - 1);
  out.insert(out.end(), manifest.begin(), manifest.end());
  return out;
}

std::string pem(const char* what, ByteSpan der) {
  std::string base64(sodium_base64_ENCODED_LEN(der.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(base64.data(), base64.size(), der.data(), der.size(), sodium_base64_VARIANT_ORIGINAL);
  base64.resize(std::strlen(base64.c_str()));
  return format("-----BEGIN %s-----\n", what) + base64 + format("\n-----END %s-----\n", what);
}

// The 32 key bytes behind `prefix` in a PEM of this kind.
Result<std::array<uint8_t, 32>> parse_pem(const std::string& text, const char* what, ByteSpan prefix, const std::string& file) {
  const std::string begin = format("-----BEGIN %s-----", what), end = format("-----END %s-----", what);
  const size_t from = text.find(begin), to = text.find(end);
  const Error wrong = corrupt("'" + file + "' is not an ed25519 key in PEM (" + begin + "); make one with  verge key new");
  if (from == std::string::npos || to == std::string::npos || to < from + begin.size()) return wrong;
  const std::string base64 = text.substr(from + begin.size(), to - from - begin.size());
  uint8_t der[128];
  size_t bytes = 0;
  if (sodium_base642bin(der, sizeof der, base64.data(), base64.size(), " \r\n", &bytes, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) return wrong;
  std::array<uint8_t, 32> out;
  if (bytes != prefix.size() + out.size() || !std::equal(prefix.begin(), prefix.end(), der)) return wrong;
  std::copy_n(der + prefix.size(), out.size(), out.begin());
  sodium_memzero(der, sizeof der);
  return out;
}

KeyPair keys_of(const std::array<uint8_t, 32>& seed) {
  KeyPair out{seed, {}};
  uint8_t secret[crypto_sign_SECRETKEYBYTES];
  crypto_sign_seed_keypair(out.public_key.data(), secret, seed.data());
  sodium_memzero(secret, sizeof secret);
  return out;
}

Error refused(const std::string& why) { return Error(Code::kIntegrity, why); }

// Every section but manifest and signature is listed in the signed manifest, once, in order, with its size and hash.
Result<void> check_sections(const PackageFile& p) {
  const Json listed = p.manifest.value("sections", Json::array());
  size_t next = 0;
  for (uint32_t i = 0; i < p.reader.section_count(); ++i) {
    const auto kind = static_cast<Kind>(p.reader.record(i).kind);
    if (kind == Kind::kManifest || kind == Kind::kSignature) continue;
    const package::Section s = p.reader.section(i);
    if (!listed.is_array() || next >= listed.size()) return refused("it has a section that its signed manifest does not list");
    const Json& entry = listed[next++];
    if (!entry.is_object() || entry.value("kind", Json()) != section_name(kind) || entry.value("bytes", Json()) != s.bytes ||
        entry.value("sha256", Json()) != sha256_hex({s.data, s.bytes}))
      return refused(format("section %u is not what the signed manifest says: the package was changed after it was signed", i));
  }
  return next == listed.size() ? done() : Result<void>(refused("a section that the signed manifest lists is missing"));
}

}  // namespace

KeyPair make_key_pair() {
  if (sodium_init() < 0) std::abort();  // no source of randomness: nothing sensible can follow
  std::array<uint8_t, 32> seed;
  randombytes_buf(seed.data(), seed.size());
  return keys_of(seed);
}

std::string secret_pem(const KeyPair& keys) {
  Bytes der(kSecretPrefix, kSecretPrefix + sizeof kSecretPrefix);
  der.insert(der.end(), keys.seed.begin(), keys.seed.end());
  return pem("PRIVATE KEY", der);
}

std::string public_pem(const PublicKey& key) {
  Bytes der(kPublicPrefix, kPublicPrefix + sizeof kPublicPrefix);
  der.insert(der.end(), key.begin(), key.end());
  return pem("PUBLIC KEY", der);
}

Result<KeyPair> parse_secret_pem(const std::string& text, const std::string& file) {
  VERGE_TRY(const auto seed, parse_pem(text, "PRIVATE KEY", kSecretPrefix, file));
  return keys_of(seed);
}

Result<PublicKey> parse_public_pem(const std::string& text, const std::string& file) { return parse_pem(text, "PUBLIC KEY", kPublicPrefix, file); }

std::string key_id(const PublicKey& key) { return sha256_hex(key).substr(0, 16); }

Result<Bytes> sign_package(const PackageFile& p, const KeyPair& keys) {
  SignatureSection section;
  std::copy(keys.public_key.begin(), keys.public_key.end(), section.public_key);
  uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[32];
  crypto_sign_seed_keypair(public_key, secret, keys.seed.data());
  const Bytes message = message_of(section_bytes(p, Kind::kManifest));
  crypto_sign_detached(section.signature, nullptr, message.data(), message.size(), secret);
  sodium_memzero(secret, sizeof secret);
  const auto* bytes = reinterpret_cast<const uint8_t*>(&section);
  return with_section(p, Kind::kSignature, {bytes, sizeof section});
}

std::optional<PublicKey> claimed_key(const PackageFile& p) {
  const ByteSpan bytes = section_bytes(p, Kind::kSignature);
  SignatureSection section;
  if (bytes.size() != sizeof section) return {};
  std::memcpy(&section, bytes.data(), sizeof section);
  PublicKey key;
  std::copy_n(section.public_key, key.size(), key.begin());
  return key;
}

Result<void> verify_signature(const PackageFile& p, const PublicKey& key) {
  const ByteSpan bytes = section_bytes(p, Kind::kSignature);
  SignatureSection section;
  if (bytes.empty()) return refused("it is not signed; sign it with  verge sign");
  if (bytes.size() != sizeof section) return refused("its signature section is damaged");
  std::memcpy(&section, bytes.data(), sizeof section);
  if (section.version != 1 || section.algorithm != 1) return refused("its signature is of a kind that this Verge does not know");
  if (!std::equal(key.begin(), key.end(), section.public_key)) return refused("it is signed by key " + key_id(*claimed_key(p)) + ", not by " + key_id(key));
  const Bytes message = message_of(section_bytes(p, Kind::kManifest));
  if (crypto_sign_verify_detached(section.signature, message.data(), message.size(), key.data()) != 0)
    return refused("the signature does not fit the manifest: the package was changed after it was signed");
  return check_sections(p);
}

}  // namespace verge
