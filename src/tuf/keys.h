// Keys and signatures of update metadata: ed25519 (libsodium), ECDSA P-256 and P-384, RSA-PSS and RSA PKCS #1 (OpenSSL).
#pragma once
#include <array>

#include "tuf/metadata.h"

namespace verge::tuf {

// Whether `signature` (hex) is `key`'s over `message`. An unknown scheme is "no".
bool signature_fits(const Key& key, const std::string& signature, const std::string& message);

// kIntegrity unless at least `threshold` of the role's keys signed. `who` names the file in the error.
Result<void> check_signatures(const Envelope& envelope, const Keys& keys, const Role& role, const std::string& who);

// An ed25519 key that signs.
struct Signer {
  std::array<uint8_t, 32> seed{};
  Key key() const;
  std::string key_id() const;  // SHA-256 of the key's canonical form
  std::string sign(const std::string& message) const;
};
Signer make_signer();

}  // namespace verge::tuf
