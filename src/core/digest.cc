#include "core/digest.h"

#include "base/sha256.h"
#include "core/text.h"

namespace verge {

std::string sha256_hex(ByteSpan bytes) {
  uint8_t digest[32];
  sha256(bytes.data(), bytes.size(), digest);
  std::string out;
  for (uint8_t b : digest) out += format("%02x", b);
  return out;
}

}  // namespace verge
