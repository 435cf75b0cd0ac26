// The Program format: flat, planned, final. Little endian, read in place from a memory map; docs/program.md is the page about it.
//
//   ProgramHeader | tensors | dims (i32) | instructions | args (u32) | attributes | quant scales (f32) | quant zero points (i32) | io (u32) | names | constants
//
// Every table starts at an offset from the header, 8-byte aligned, the constants at a multiple of 64. Constants hold packed weights in the packing that the header names.
#pragma once
#include <cstdint>

namespace verge::rt {

inline constexpr uint32_t kProgramMagic = 0x50475256;  // "VRGP"
inline constexpr uint16_t kProgramVersion = 3;
inline constexpr uint32_t kAlignment = 64;
inline constexpr uint32_t kTableAlignment = 8;
inline constexpr uint32_t kOffsetUnit = 16;  // of TensorRecord::offset

// How weights lie in the constants; a Program whose packing the kernels do not read is repacked once, never at each open.
enum class Packing : uint16_t { kNeutral16 = 1 };  // panels of 16 output channels (docs/program.md)

enum class Section : uint8_t {
  kConst = 0,    // inside the Program's bytes
  kMutable = 1,  // trainable weights and states: starts as a copy of its initial bytes, lives in the session
  kArena = 2,    // planned memory, reused
};

struct Table {
  uint32_t offset = 0;  // bytes from the header
  uint32_t count = 0;   // entries (bytes for attributes and names)
};

struct ProgramHeader {
  uint32_t magic = kProgramMagic;
  uint16_t version = kProgramVersion;
  Packing packing = Packing::kNeutral16;
  uint64_t total_bytes = 0;
  Table tensors, dims, instructions, args, attributes, scales, zero_points, inputs, outputs, names;
  uint64_t const_offset = 0, const_bytes = 0;
  uint64_t mutable_offset = 0, mutable_bytes = 0;  // initial bytes of mutable tensors
  uint64_t arena_bytes = 0;
  uint64_t macs = 0;
  uint8_t source_hash[32] = {};  // SHA-256 of the source model's bytes, zeros when unknown
};

inline constexpr uint32_t kNoQuant = 0xffffffff;

struct TensorRecord {
  uint8_t dtype = 0;
  uint8_t rank = 0;
  uint8_t section = 0;
  int8_t quant_axis = -1;  // as many scales as that dimension has entries; -1: one
  uint32_t first_dim = 0;  // into dims, `rank` entries
  uint32_t quant_first = kNoQuant;
  uint32_t name = 0;    // offset into names, 0-terminated
  uint32_t offset = 0;  // within the section, in units of kOffsetUnit bytes
};
static_assert(sizeof(TensorRecord) == 20);

struct InstructionRecord {
  uint16_t op = 0;
  uint8_t in_count = 0;
  uint8_t out_count = 0;
  uint32_t first_arg = 0;    // in_count + out_count + 1 entries of args
  uint32_t attr_offset = 0;  // into attributes, 8-byte aligned
  uint32_t attr_bytes = 0;
  uint32_t name = 0;
  float macs = 0;  // multiply-accumulates: what a roofline and an estimate need
};

}  // namespace verge::rt
