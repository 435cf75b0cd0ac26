// Reads a package in place, on the device too: no allocation, no JSON.
#pragma once
#include <cstddef>

#include "base/status.h"
#include "package/format.h"

namespace verge::package {

struct Section {
  const uint8_t* data = nullptr;
  size_t bytes = 0;
  Codec codec = Codec::kStored;  // kPacked: packed.h unpacks it
  explicit operator bool() const { return data != nullptr; }
};

class Reader {
 public:
  // Checks magic, version, table, bounds, alignment and the manifest's hash. `bytes` (64-byte aligned) must outlive the reader.
  // kCorrupt, kIntegrity for the manifest's hash, kUnsupported for a newer version, an unknown required section or codec.
  static Status open(const void* bytes, size_t size, Reader* reader);

  // The first section of a kind; empty when there is none.
  Section find(Kind kind) const;
  // Compares every section with its hash: what the agent does at install. kIntegrity names nothing; `bad` receives the record's index.
  Status verify(uint32_t* bad = nullptr) const;

  uint32_t section_count() const { return header_->section_count; }
  const SectionRecord& record(uint32_t i) const { return records_[i]; }
  Section section(uint32_t i) const { return {base_ + records_[i].offset, static_cast<size_t>(records_[i].bytes), static_cast<Codec>(records_[i].codec)}; }

 private:
  const uint8_t* base_ = nullptr;
  const PackageHeader* header_ = nullptr;
  const SectionRecord* records_ = nullptr;
};

}  // namespace verge::package
