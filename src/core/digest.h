// Hashes as people and manifests write them.
#pragma once
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace verge {

// Two lower-case hexadecimal digits a byte.
std::string hex_text(ByteSpan bytes);
// SHA-256 in 64 of them.
std::string sha256_hex(ByteSpan bytes);
std::string sha256_hex(std::string_view text);

}  // namespace verge
