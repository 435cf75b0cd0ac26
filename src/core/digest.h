// Hashes as people and manifests write them.
#pragma once
#include <string>

#include "core/bytes.h"

namespace verge {

// SHA-256 in 64 lower-case hexadecimal digits.
std::string sha256_hex(ByteSpan bytes);

}  // namespace verge
