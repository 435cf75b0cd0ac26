// A training run's state on disk: "VRGT", version, length and text of a JSON header, the mutable tensors' bytes, SHA-256 of all before. Written beside the
// file and renamed, so that a cut at any moment leaves the old one or the new one.
#pragma once
#include <string>

#include "core/bytes.h"
#include "core/json.h"
#include "core/result.h"

namespace verge::train {

struct Checkpoint {
  Json header;
  Bytes state;
};

Result<void> write_checkpoint(const std::string& path, const Checkpoint& checkpoint);
// kIntegrity when a byte is not what was written; kCorrupt for what is no checkpoint.
Result<Checkpoint> read_checkpoint(const std::string& path);

}  // namespace verge::train
