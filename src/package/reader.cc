#include "package/reader.h"

#include <cstring>

#include "base/sha256.h"

namespace verge::package {
namespace {

bool known(uint32_t kind) { return kind >= static_cast<uint32_t>(Kind::kManifest) && kind <= static_cast<uint32_t>(Kind::kGolden); }

// A packed manifest could not be read in place.
bool readable(const SectionRecord& s) {
  const auto codec = static_cast<Codec>(s.codec);
  return codec == Codec::kStored || (codec == Codec::kPacked && s.kind == static_cast<uint32_t>(Kind::kProgram));
}

bool hash_matches(const uint8_t* data, const SectionRecord& record) {
  uint8_t digest[32];
  sha256(data, static_cast<size_t>(record.bytes), digest);
  return std::memcmp(digest, record.sha256, sizeof digest) == 0;
}

}  // namespace

Status Reader::open(const void* bytes, size_t size, Reader* reader) {
  VERGE_REQUIRE(reinterpret_cast<uintptr_t>(bytes) % kAlignment == 0, Code::kInvalidArgument);
  VERGE_REQUIRE(size >= sizeof(PackageHeader), Code::kCorrupt);
  Reader r;
  r.base_ = static_cast<const uint8_t*>(bytes);
  r.header_ = reinterpret_cast<const PackageHeader*>(r.base_);
  VERGE_REQUIRE(r.header_->magic == kMagic, Code::kCorrupt);
  VERGE_REQUIRE(r.header_->version == kVersion, Code::kUnsupported);
  VERGE_REQUIRE(r.header_->total_bytes == size && r.header_->section_count <= kMostSections, Code::kCorrupt);
  const size_t table_end = sizeof(PackageHeader) + r.header_->section_count * sizeof(SectionRecord);
  VERGE_REQUIRE(table_end <= size, Code::kCorrupt);
  r.records_ = reinterpret_cast<const SectionRecord*>(r.base_ + sizeof(PackageHeader));
  for (uint32_t i = 0; i < r.section_count(); ++i) {
    const SectionRecord& s = r.records_[i];
    VERGE_REQUIRE(s.offset % kAlignment == 0 && s.offset >= table_end && s.offset <= size && s.bytes <= size - s.offset, Code::kCorrupt);
    VERGE_REQUIRE(!s.required || (known(s.kind) && readable(s)), Code::kUnsupported);
  }
  const SectionRecord* manifest = nullptr;
  for (uint32_t i = 0; i < r.section_count() && !manifest; ++i)
    if (r.records_[i].kind == static_cast<uint32_t>(Kind::kManifest)) manifest = &r.records_[i];
  VERGE_REQUIRE(manifest, Code::kCorrupt);
  VERGE_REQUIRE(hash_matches(r.base_ + manifest->offset, *manifest), Code::kIntegrity);
  *reader = r;
  return {};
}

Section Reader::find(Kind kind) const {
  for (uint32_t i = 0; i < section_count(); ++i)
    if (records_[i].kind == static_cast<uint32_t>(kind)) return section(i);
  return {};
}

Status Reader::verify(uint32_t* bad) const {
  for (uint32_t i = 0; i < section_count(); ++i) {
    if (hash_matches(base_ + records_[i].offset, records_[i])) continue;
    if (bad) *bad = i;
    return Code::kIntegrity;
  }
  return {};
}

}  // namespace verge::package
