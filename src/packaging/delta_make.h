// Makes deltas between packages, tensor by tensor; package/delta.h applies them.
#pragma once
#include <cstdint>
#include <string>

#include "core/bytes.h"
#include "core/result.h"

namespace verge {

struct Delta {
  Bytes bytes;
  bool uses_base = false;      // false: the new file whole, coded or stored, for any device
  uint64_t tensors = 0;        // constants of the new program
  uint64_t tensors_moved = 0;  // of them, those that differ from the base's
};

// The smallest of: differences to `base`, the new file coded by itself, the new file stored (at most 12 bytes more than the file). Both are packages; other
// bytes are taken as text. Each candidate is applied before it is returned. kBudget when `next` is above 1 GB.
Result<Delta> make_delta(ByteSpan base, ByteSpan next);

// How update repositories name the delta between two files, by their SHA-256 in hex.
std::string delta_name(const std::string& from, const std::string& to);

// In memory, for tests and small files. Errors say in words what DeltaApplier said.
Result<Bytes> apply_delta(ByteSpan base, ByteSpan delta, uint64_t most_bytes);

// Streams from file to file with a fixed amount of memory, and moves the result into place when it is right.
Result<void> apply_delta_files(const std::string& base, const std::string& delta, const std::string& to, uint64_t most_bytes);

}  // namespace verge
