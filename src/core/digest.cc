#include "core/digest.h"

#include "base/sha256.h"
#include "core/text.h"

namespace verge {

std::string hex_text(ByteSpan bytes) {
  std::string out;
  for (const uint8_t b : bytes) out += format("%02x", b);
  return out;
}

std::string sha256_hex(ByteSpan bytes) {
  uint8_t digest[32];
  sha256(bytes.data(), bytes.size(), digest);
  return hex_text(digest);
}

std::string sha256_hex(std::string_view text) { return sha256_hex(ByteSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size())); }

}  // namespace verge
