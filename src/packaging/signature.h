// Who made a package: an ed25519 signature (RFC 8032) over the manifest, which holds the size and SHA-256 of every other section.
//
// Keys are PEM files as OpenSSL writes them: PKCS #8 for the secret, SubjectPublicKeyInfo for the public key (RFC 8410).
#pragma once
#include <array>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "packaging/package_file.h"

namespace verge {

using PublicKey = std::array<uint8_t, 32>;

struct KeyPair {
  std::array<uint8_t, 32> seed;
  PublicKey public_key;
};

KeyPair make_key_pair();
std::string secret_pem(const KeyPair& keys);
std::string public_pem(const PublicKey& key);
// `file` only names the source in errors.
Result<KeyPair> parse_secret_pem(const std::string& text, const std::string& file);
Result<PublicKey> parse_public_pem(const std::string& text, const std::string& file);
// The first 16 hex digits of the public key's SHA-256: what people compare.
std::string key_id(const PublicKey& key);

// The package's bytes with a signature section; an earlier one is replaced.
Result<Bytes> sign_package(const PackageFile& package, const KeyPair& keys);

// kIntegrity, in words, when there is no signature, when it is not `key`'s, when it does not fit the manifest, or when a section is not what the manifest says.
Result<void> verify_signature(const PackageFile& package, const PublicKey& key);
// The key that a package claims to be signed with; nullopt when it has no signature.
std::optional<PublicKey> claimed_key(const PackageFile& package);

}  // namespace verge
