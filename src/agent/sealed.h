// Releases that enrolled devices alone can read: one key a release, sealed to each device's own key, the package opened in memory alone.
//
//   u8 "VSEAL1" | nonce, 24 bytes | the package under XChaCha20-Poly1305, 16 bytes longer
//
// Signatures and hashes of update metadata are of the sealed bytes, so nothing that is not trusted is opened.
#pragma once
#include <array>
#include <string>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::agent {

// X25519, 64 hex digits each. The secret never leaves the device.
struct BoxKeys {
  std::string open_hex, secret_hex;
};
BoxKeys make_box_keys();

using ReleaseKey = std::array<uint8_t, 32>;
ReleaseKey make_release_key();

bool is_sealed(ByteSpan release);
Bytes seal_release(ByteSpan package, const ReleaseKey& key);
// kIntegrity: another key, or damaged.
Result<Bytes> open_release(ByteSpan sealed, const ReleaseKey& key);

// A release's key as one device alone can read it, in hex. kInvalidArgument when `open_hex` is no key.
Result<std::string> seal_key(const ReleaseKey& key, const std::string& open_hex);
Result<ReleaseKey> open_key(const std::string& sealed_hex, const std::string& secret_hex);

std::string key_text(const ReleaseKey& key);
Result<ReleaseKey> parse_key(const std::string& hex);

}  // namespace verge::agent
