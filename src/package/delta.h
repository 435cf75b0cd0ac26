// Deltas: what turns one package into its successor. docs/package.md has the format; packaging/delta_make.h makes them.
//
//   DeltaHeader (28 bytes) | stored bytes, or the arithmetic code of operations
//
// Applying streams: old and delta are read, and the new file written, in blocks of some KB; nothing is allocated.
#pragma once
#include <cstdint>

#include "base/status.h"
#include "package/delta_coder.h"

namespace verge::package {

inline constexpr uint32_t kDeltaMagic = 0x31444756;  // "VGD1"

enum class DeltaBody : uint32_t {
  kStored = 0,  // the new file as it is
  kCoded = 1,   // operations
};

struct DeltaHeader {
  uint32_t magic = kDeltaMagic;
  uint32_t body_and_size = 0;  // DeltaBody in the low two bits, above them the new file's bytes
  uint8_t old_hash[4] = {};    // the beginning of the old file's SHA-256: finds a wrong base early; zeros when no base is read
  uint8_t new_hash[16] = {};   // of the new file's
};
static_assert(sizeof(DeltaHeader) == 28);
inline constexpr uint64_t kMostDeltaBytes = (uint64_t{1} << 30) - 1;

// What an operation does at the place of writing, which it moves on.
enum class DeltaOp : uint32_t {
  kEnd = 0,
  kCopy,     // length, old place
  kBytes,    // length, old place: 8-bit differences
  kHalves,   // 16-bit differences, of floats in their order
  kWords,    // 32-bit differences of integers
  kFloats,   // 32-bit differences of floats in their order
  kLiteral,  // length
  kHash,     // the SHA-256 of bytes that are written already: begin, length
  kHexHash,  // the same in 64 hex digits
  kSeek,     // goes on at another place of the new file
};
inline constexpr int kDeltaOpBits = 4;

// Every model of a coded body and the state that both directions keep in step.
struct DeltaModels {
  BitModel op[16][1 << kDeltaOpBits];  // by the operation before
  BitModel in_lines[8];                // the length is a multiple of 64 (element-aligned constants)
  NumberModel length[8], jump, place;
  DifferenceModel difference[4];  // kBytes ... kFloats
  LiteralModel literal;
  uint32_t last_op = 0;
};

// Integers whose order is the floats' order.
inline uint32_t ordered32(uint32_t f) { return f >> 31 ? ~f : f | 0x80000000u; }
inline uint32_t unordered32(uint32_t i) { return i >> 31 ? i & 0x7fffffffu : ~i; }
inline uint16_t ordered16(uint16_t f) { return static_cast<uint16_t>(f >> 15 ? ~f : f | 0x8000); }
inline uint16_t unordered16(uint16_t i) { return static_cast<uint16_t>(i >> 15 ? i & 0x7fff : ~i); }

inline int delta_width(DeltaOp op) { return op == DeltaOp::kBytes ? 1 : (op == DeltaOp::kHalves ? 2 : 4); }
inline bool is_difference(DeltaOp op) { return op >= DeltaOp::kBytes && op <= DeltaOp::kFloats; }

// One operation's header; the coder's direction decides who is told.
struct DeltaStep {
  DeltaOp op = DeltaOp::kEnd;
  uint64_t length = 0;
  uint64_t old_place = 0;                // kCopy and differences
  uint64_t hash_begin = 0, seek_to = 0;  // kHash, kHexHash; kSeek
};

template <class Coder> uint64_t code_length(Coder& coder, DeltaModels& m, DeltaOp op, uint64_t length) {
  const int kind = static_cast<int>(op) & 7;
  if (code_bit(coder, m.in_lines[kind], length % 64 == 0)) return code_number(coder, m.length[kind], length / 64) * 64;
  return code_number(coder, m.length[kind], length);
}

// `new_place`: where the step writes. Old places are coded as the way from `new_place`, whose last value is kept in `shift`.
template <class Coder> DeltaStep code_step(Coder& coder, DeltaModels& m, uint64_t* shift, uint64_t new_place, DeltaStep step) {
  step.op = static_cast<DeltaOp>(code_tree(coder, m.op[m.last_op], kDeltaOpBits, static_cast<uint32_t>(step.op)));
  m.last_op = static_cast<uint32_t>(step.op);
  if (step.op == DeltaOp::kEnd || step.op > DeltaOp::kSeek) return step;
  if (step.op == DeltaOp::kSeek) {
    step.seek_to = code_number(coder, m.place, step.seek_to);
    return step;
  }
  step.length = code_length(coder, m, step.op, step.length);
  if (step.op == DeltaOp::kHash || step.op == DeltaOp::kHexHash) {
    step.hash_begin = code_number(coder, m.place, step.hash_begin / 64) * 64;
  } else if (step.op != DeltaOp::kLiteral) {
    const uint64_t way = step.old_place - new_place;
    *shift += static_cast<uint64_t>(unzigzag(code_number(coder, m.jump, zigzag(static_cast<int64_t>(way - *shift)))));
    step.old_place = new_place + *shift;
  }
  return step;
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
  Status literal(uint64_t length);
  Status put_hash(const DeltaStep& step);
  Status hash_new(uint64_t begin, uint64_t length, uint8_t digest[32]);
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
  uint64_t new_bytes_ = 0, place_ = 0, written_ = 0, hashed_ = 0;
  uint64_t shift_ = 0;
};

}  // namespace verge::package
