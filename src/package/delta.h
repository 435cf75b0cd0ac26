// Deltas: what turns one package into its successor. docs/package.md has the format; packaging/delta_make.h makes them.
//
//   u8 'V', 'D' | u8 version << 4 | DeltaBody | size of the new file, 7 bits a byte, low first, bit 7: more follow
//   with kDifferences: u8 x 2, the beginning of the old file's SHA-256, which finds a wrong base early
//   u8 x 4, the beginning of the new file's SHA-256 | stored bytes, or the arithmetic code of operations
//
// Hashes guard against damage and wrong bases; that a file is the one its maker meant, signed metadata says. Applying streams: old and delta are read,
// and the new file written, in blocks of some KB; nothing is allocated.
#pragma once
#include <cstdint>

#include "base/status.h"
#include "package/delta_coder.h"

namespace verge::package {

inline constexpr uint32_t kDeltaVersion = 2;

enum class DeltaBody : uint32_t {
  kStored = 0,       // the new file as it is
  kCoded = 1,        // operations that read no base
  kDifferences = 2,  // operations
};

struct DeltaHeader {
  DeltaBody body = DeltaBody::kStored;
  uint64_t new_bytes = 0;
  uint8_t old_hash[2] = {};
  uint8_t new_hash[4] = {};
};
inline constexpr uint64_t kMostDeltaBytes = (uint64_t{1} << 30) - 1;

// What an operation does at the place of writing, which it moves on.
enum class DeltaOp : uint32_t {
  kEnd = 0,
  kCopy,        // length, old place
  kBytes,       // length, old place: 8-bit differences
  kCentred,     // 8-bit differences around the mean of each lane
  kHalves,      // 16-bit differences, of floats in their order
  kWords,       // 32-bit differences of integers
  kFloats,      // 32-bit differences of floats in their order
  kLiteral,     // length
  kHexLiteral,  // length: hex digits
  kHash,        // section: the SHA-256 of a section that comes later in the new package
  kHexHash,     // the same in 64 hex digits
};
inline constexpr int kDeltaOpBits = 4;
inline constexpr uint32_t kMostDeltaHashes = 64;
inline constexpr uint64_t kDeltaLine = 32;

// Every model of a coded body and the state that both directions keep in step.
struct DeltaModels {
  BitModel op[16][1 << kDeltaOpBits];  // by the operation before
  BitModel in_lines[16], straight, next_section;
  NumberModel length[16], jump, section;
  ByteDifferences bytes[2];  // around zero, around the lanes' means
  WideDifferences wide[2];   // of 16 bits, of 32 bits
  LiteralModel literal;
  uint32_t last_op = 0;
  uint32_t section_due = 0;
};

// Integers whose order is the floats' order.
inline uint32_t ordered32(uint32_t f) { return f >> 31 ? ~f : f | 0x80000000u; }
inline uint32_t unordered32(uint32_t i) { return i >> 31 ? i & 0x7fffffffu : ~i; }
inline uint16_t ordered16(uint16_t f) { return static_cast<uint16_t>(f >> 15 ? ~f : f | 0x8000); }
inline uint16_t unordered16(uint16_t i) { return static_cast<uint16_t>(i >> 15 ? i & 0x7fff : ~i); }

inline bool is_narrow(DeltaOp op) { return op == DeltaOp::kBytes || op == DeltaOp::kCentred; }
inline bool is_difference(DeltaOp op) { return op >= DeltaOp::kBytes && op <= DeltaOp::kFloats; }
inline bool is_hash(DeltaOp op) { return op == DeltaOp::kHash || op == DeltaOp::kHexHash; }
inline int delta_width(DeltaOp op) { return is_narrow(op) ? 1 : (op == DeltaOp::kHalves ? 2 : 4); }

// One operation's header; the coder's direction decides who is told.
struct DeltaStep {
  DeltaOp op = DeltaOp::kEnd;
  uint64_t length = 0;     // bytes that it writes
  uint64_t old_place = 0;  // kCopy and differences
  uint64_t section = 0;    // kHash, kHexHash
};

// Most steps end where a constant begins or ends.
template <class Coder> uint64_t code_length(Coder& coder, DeltaModels& m, DeltaOp op, uint64_t place, uint64_t length) {
  const int kind = static_cast<int>(op);
  const uint64_t first = place / kDeltaLine;
  if (!code_bit(coder, m.in_lines[kind], length > 0 && (place + length) % kDeltaLine == 0)) return code_number(coder, m.length[kind], length);
  return (first + 1 + code_number(coder, m.length[kind], (place + length) / kDeltaLine - first - 1)) * kDeltaLine - place;
}

// Sections are mostly named in their order.
template <class Coder> uint64_t code_section(Coder& coder, DeltaModels& m, uint64_t section) {
  const bool due = code_bit(coder, m.next_section, section == m.section_due);
  section = due ? m.section_due : code_number(coder, m.section, section);
  m.section_due = static_cast<uint32_t>(section) + 1;
  return section;
}

// Old places are coded as the way from the place of writing, whose last value is kept in `shift`.
template <class Coder> uint64_t code_old_place(Coder& coder, DeltaModels& m, uint64_t* shift, uint64_t new_place, uint64_t old_place) {
  const uint64_t way = old_place - new_place - *shift;
  if (!code_bit(coder, m.straight, way == 0)) *shift += static_cast<uint64_t>(unzigzag(code_number(coder, m.jump, zigzag(static_cast<int64_t>(way)))));
  return new_place + *shift;
}

template <class Coder> DeltaStep code_step(Coder& coder, DeltaModels& m, uint64_t* shift, uint64_t new_place, DeltaStep step) {
  step.op = static_cast<DeltaOp>(code_tree(coder, m.op[m.last_op], kDeltaOpBits, static_cast<uint32_t>(step.op)));
  m.last_op = static_cast<uint32_t>(step.op);
  if (step.op == DeltaOp::kEnd || step.op > DeltaOp::kHexHash) return step;
  if (is_hash(step.op)) {
    step.section = code_section(coder, m, step.section);
    step.length = step.op == DeltaOp::kHash ? 32 : 64;
    return step;
  }
  step.length = code_length(coder, m, step.op, new_place, step.length);
  if (step.op == DeltaOp::kCopy || is_difference(step.op)) step.old_place = code_old_place(coder, m, shift, new_place, step.old_place);
  return step;
}

// One element's difference; `at`: its place in the step's bytes.
template <class Coder> int64_t code_difference(Coder& coder, DeltaModels& m, DeltaOp op, uint64_t at, int64_t difference) {
  const int lane = static_cast<int>(at / 4 % 16);
  if (is_narrow(op)) return code_byte_difference(coder, m.bytes[op == DeltaOp::kCentred], lane, op == DeltaOp::kCentred, difference);
  return code_wide_difference(coder, m.wide[op != DeltaOp::kHalves], lane, difference);
}

inline void begin_differences(DeltaModels& m, DeltaOp op) {
  if (is_narrow(op)) return m.bytes[op == DeltaOp::kCentred].begin_region();
  m.wide[op != DeltaOp::kHalves].begin_region();
}

// Where the bytes come from and go to. Functions return kIo, or what they like, to stop.
struct DeltaFiles {
  void* context = nullptr;
  uint64_t old_bytes = 0;
  Status (*read_old)(void* context, uint64_t place, void* to, size_t bytes) = nullptr;
  Status (*read_delta)(void* context, void* to, size_t bytes, size_t* got) = nullptr;  // the next bytes; fewer at the end
  Status (*write_new)(void* context, uint64_t place, const void* from, size_t bytes) = nullptr;
  Status (*read_new)(void* context, uint64_t place, void* to, size_t bytes) = nullptr;  // what was written
};

// The memory that applying needs: some 100 KB, the caller's.
class DeltaApplier {
 public:
  // Writes the new file. kCorrupt: no delta, or damaged; kBudget: the new file is above `most_bytes`; kNotFound: the old file is another one than
  // the delta was made for; kIntegrity: the result's hash is not the delta's. The new file counts only when this is ok.
  Status apply(const DeltaFiles& files, uint64_t most_bytes);

  uint32_t bit(uint32_t one, uint32_t unused);  // the coder's side of delta_coder.h

 private:
  Status begin(uint64_t most_bytes);
  Status run_stored();
  Status run_coded();
  Status run_step(const DeltaStep& step);
  Status copy(const DeltaStep& step);
  Status differ(const DeltaStep& step);
  Status literal(const DeltaStep& step);
  Status leave_hash(const DeltaStep& step);
  Status fill_hashes();
  Status fill_hash(const DeltaStep& step, uint64_t place);
  Status hash_new(uint64_t begin, uint64_t length, uint8_t digest[32]);
  Status read_header_byte(uint8_t* to);
  Status check_old();
  Status check_new();
  Status put(const uint8_t* bytes, size_t count);
  uint8_t next_byte();

  static constexpr size_t kBlock = 4096;
  DeltaFiles files_;
  DeltaHeader header_;
  DeltaModels models_;
  Interval interval_;
  uint32_t code_ = 0;
  uint8_t in_[kBlock], old_[kBlock], out_[kBlock];
  size_t in_at_ = 0, in_end_ = 0;
  uint32_t past_end_ = 0;  // bytes asked for behind the delta's end
  Status fault_;
  uint64_t new_bytes_ = 0, place_ = 0, hashed_ = 0;
  uint64_t shift_ = 0;
  DeltaStep hashes_[kMostDeltaHashes];
  uint64_t hash_places_[kMostDeltaHashes];
  uint32_t hash_count_ = 0;
};

}  // namespace verge::package
