// A Program as a packed section (package/packed.h).
#pragma once
#include <memory>

#include "core/bytes.h"
#include "core/result.h"

namespace verge {

// The section's bytes. Each constant lies under the kind of models that makes it smallest.
Bytes pack_program(ByteSpan program);

// 64-byte aligned bytes of a packed section, kept by the pointer.
struct Unpacked {
  std::shared_ptr<const void> owner;
  ByteSpan bytes;
};
Result<Unpacked> unpack_section(ByteSpan packed);

}  // namespace verge
