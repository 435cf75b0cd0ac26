// Several packages of one task in one file: the first whole, the others as deltas against it, so that tensors which do not differ are there once.
//
//   "VPB1" | u32 count | u64 bytes[count] | the first package | deltas (packaging/delta_make.h), each part at a multiple of 64
//
// Each package comes out to the byte, with its own manifest, hashes, golden vectors and signature.
#pragma once
#include <span>
#include <vector>

#include "packaging/package_file.h"

namespace verge {

inline constexpr size_t kMostVariants = 8;

// kInvalidArgument: fewer than two or more than kMostVariants packages, or one that is none.
Result<Bytes> make_bundle(std::span<const Bytes> packages);
// The packages in the order in which they were given. kCorrupt, kIntegrity.
Result<std::vector<Bytes>> open_bundle(ByteSpan bundle);
bool looks_like_bundle(ByteSpan bytes);

// A package opened from memory, which is copied.
struct MemoryPackage {
  Json manifest;
  std::shared_ptr<const void> owner;  // of the program's bytes
  ByteSpan program;
};
// `name` stands for the file in errors.
Result<MemoryPackage> open_package_bytes(ByteSpan bytes, const std::string& name, Verify verify = Verify::kStructure);

}  // namespace verge
