// The package, `.vpk`: one file that travels. docs/package.md is the page about it.
//
//   PackageHeader | SectionRecord[section_count] | sections, each 64-byte aligned
//
// Little endian. Unknown optional sections are skipped, unknown required ones refused. Later work adds kinds, never a new container.
#pragma once
#include <cstdint>

namespace verge::package {

inline constexpr uint32_t kMagic = 0x314b5056;  // "VPK1"
inline constexpr uint16_t kVersion = 1;
inline constexpr uint32_t kAlignment = 64;
inline constexpr uint32_t kMostSections = 256;

enum class Kind : uint32_t {
  kManifest = 1,  // RFC 8785 canonical JSON
  kProgram = 2,   // rt/program.h
  kGolden = 3,    // inputs and outputs that the program reproduces (docs/package.md)
  kSignature = 4,  // packaging/signature.h
};

enum class Codec : uint32_t {
  kStored = 0,
  kPacked = 1,  // packed.h; the hash is that of the stored bytes
};

struct PackageHeader {
  uint32_t magic = kMagic;
  uint16_t version = kVersion;
  uint16_t section_count = 0;
  uint64_t total_bytes = 0;
  uint8_t reserved[48] = {};
};
static_assert(sizeof(PackageHeader) == 64);

struct SectionRecord {
  uint32_t kind = 0;
  uint16_t version = 1;
  uint16_t required = 1;
  uint32_t codec = 0;
  uint32_t reserved = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint8_t sha256[32] = {};
};
static_assert(sizeof(SectionRecord) == 64);

}  // namespace verge::package
