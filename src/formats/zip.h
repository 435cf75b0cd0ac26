// Reading zip archives from memory: stored and deflated entries, zip64, checked sums. What .npz files are.
#pragma once
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::formats {

struct ZipEntry {
  std::string name;
  uint16_t method = 0;  // 0 stored, 8 deflated
  uint32_t crc = 0;
  uint64_t packed_bytes = 0;
  uint64_t bytes = 0;
  uint64_t header_at = 0;  // of the local header
};

// The entries in the order of the archive's directory. kCorrupt when it is no archive, or the directory lies outside the bytes.
Result<std::vector<ZipEntry>> zip_entries(ByteSpan archive);
// Content of one entry, its length and sum verified. Memory is bounded by what deflate can expand: about 1,032 times the packed bytes.
Result<Bytes> unzip(ByteSpan archive, const ZipEntry& entry);

}  // namespace verge::formats
