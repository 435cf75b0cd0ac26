#include "agent/sealed.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/digest.h"

namespace verge::agent {
namespace {

constexpr uint8_t kMagic[] = {'V', 'S', 'E', 'A', 'L', '1'};
constexpr size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kHead = sizeof kMagic + kNonce;
static_assert(sizeof(ReleaseKey) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

template <size_t kBytes> std::optional<std::array<uint8_t, kBytes>> from_hex(const std::string& hex) {
  std::array<uint8_t, kBytes> out{};
  size_t bytes = 0;
  if (sodium_hex2bin(out.data(), kBytes, hex.data(), hex.size(), nullptr, &bytes, nullptr) != 0 || bytes != kBytes || hex.size() != 2 * kBytes) return {};
  return out;
}

}  // namespace

BoxKeys make_box_keys() {
  uint8_t open[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];
  crypto_box_keypair(open, secret);
  BoxKeys out{hex_text(open), hex_text(secret)};
  sodium_memzero(secret, sizeof secret);
  return out;
}

ReleaseKey make_release_key() {
  ReleaseKey out;
  crypto_aead_xchacha20poly1305_ietf_keygen(out.data());
  return out;
}

bool is_sealed(ByteSpan release) { return release.size() >= kHead + kTag && std::memcmp(release.data(), kMagic, sizeof kMagic) == 0; }

Bytes seal_release(ByteSpan package, const ReleaseKey& key) {
  Bytes out(kHead + package.size() + kTag);
  std::copy(std::begin(kMagic), std::end(kMagic), out.begin());
  randombytes_buf(out.data() + sizeof kMagic, kNonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kHead, nullptr, package.data(), package.size(), kMagic, sizeof kMagic, nullptr,
                                             out.data() + sizeof kMagic, key.data());
  return out;
}

Result<Bytes> open_release(ByteSpan sealed, const ReleaseKey& key) {
  if (!is_sealed(sealed)) return corrupt("this is no sealed release");
  Bytes out(sealed.size() - kHead - kTag);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, sealed.data() + kHead, sealed.size() - kHead, kMagic,
                                                                sizeof kMagic, sealed.data() + sizeof kMagic, key.data());
  if (failed) return Error(Code::kIntegrity, "the sealed release does not open with this key, or is damaged");
  return out;
}

Result<std::string> seal_key(const ReleaseKey& key, const std::string& open_hex) {
  const auto to = from_hex<crypto_box_PUBLICKEYBYTES>(open_hex);
  uint8_t out[crypto_box_SEALBYTES + sizeof key];
  if (!to || crypto_box_seal(out, key.data(), key.size(), to->data()) != 0) return invalid("a device's key has 64 hex digits");
  return hex_text(out);
}

Result<ReleaseKey> open_key(const std::string& sealed_hex, const std::string& secret_hex) {
  const auto sealed = from_hex<crypto_box_SEALBYTES + sizeof(ReleaseKey)>(sealed_hex);
  const auto secret = from_hex<crypto_box_SECRETKEYBYTES>(secret_hex);
  if (!sealed || !secret) return corrupt("a sealed key has 160 hex digits");
  uint8_t open[crypto_box_PUBLICKEYBYTES];
  crypto_scalarmult_base(open, secret->data());
  ReleaseKey out;
  if (crypto_box_seal_open(out.data(), sealed->data(), sealed->size(), open, secret->data()) != 0)
    return Error(Code::kIntegrity, "the release's key was sealed to another device");
  return out;
}

std::string key_text(const ReleaseKey& key) { return hex_text(key); }

Result<ReleaseKey> parse_key(const std::string& hex) {
  const auto out = from_hex<sizeof(ReleaseKey)>(hex);
  return out ? Result<ReleaseKey>(*out) : corrupt("a release's key has 64 hex digits");
}

}  // namespace verge::agent
