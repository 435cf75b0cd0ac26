// Sections under Codec::kPacked: entropy coded bytes, decoded once when a model is loaded (docs/package.md).
//
//   u64 unpacked bytes | coded: runs of (kind, length, bytes) until all are there
//
// A run's kind says under which models its bytes lie: what the weights before in the same output channel and at the same place of the line before were tells how
// large this one is likely to be.
#pragma once
#include "base/status.h"
#include "package/delta_coder.h"

namespace verge::package {

enum class RunKind : uint32_t {
  kPlain = 0,    // anything: by the kind of the byte before, and whether the one four before was zero
  kNibbles = 1,  // packed weights of four bits, lines of 32 bytes
  kWeights = 2,  // packed weights of eight bits, lines of 64 bytes
  kWords = 3,    // numbers of four bytes
  kHalves = 4,   // numbers of two bytes
  kCount = 5,
};

struct PackedModels {
  BitModel nibbles[9][16];
  BitModel weights[9][256];
  BitModel words[4][256];
  BitModel halves[2][256];
  BitModel plain[8][256];
  BitModel kind[8];
  NumberModel length;
};

inline int size_class(int magnitude, int small) { return magnitude == 0 ? 0 : magnitude <= small ? 1 : 2; }
inline int nibble_size(uint32_t nibble) { return nibble < 8 ? static_cast<int>(nibble) : 16 - static_cast<int>(nibble); }
inline int byte_size(uint8_t byte) { return byte < 128 ? byte : 256 - byte; }

// One nibble: its predecessor in the same output channel (none at a multiple of four) and its place in the line before.
template <class Coder> uint32_t code_nibble(Coder& coder, PackedModels& m, const uint8_t* run, size_t i, int shift, uint32_t value) {
  const int before = i % 4 ? size_class(nibble_size(run[i - 1] >> shift & 15), 1) : 0, above = i >= 32 ? size_class(nibble_size(run[i - 32] >> shift & 15), 1) : 0;
  return code_tree(coder, m.nibbles[before * 3 + above], 4, value);
}

template <class Coder> uint8_t code_byte(Coder& coder, PackedModels& m, RunKind kind, const uint8_t* run, size_t i, uint8_t value) {
  if (kind == RunKind::kNibbles) {
    const uint32_t low = code_nibble(coder, m, run, i, 0, value & 15U);
    return static_cast<uint8_t>(low | code_nibble(coder, m, run, i, 4, value >> 4U) << 4);
  }
  BitModel* models = m.words[i % 4];
  if (kind == RunKind::kWeights) {
    const int before = i % 4 ? size_class(byte_size(run[i - 1]), 15) : 0, above = i >= 64 ? size_class(byte_size(run[i - 64]), 15) : 0;
    models = m.weights[before * 3 + above];
  } else if (kind == RunKind::kHalves) {
    models = m.halves[i % 2];
  } else if (kind == RunKind::kPlain) {
    models = m.plain[2 * LiteralModel::kind(i ? run[i - 1] : 0) + (i >= 4 && run[i - 4] == 0)];
  }
  return static_cast<uint8_t>(code_tree(coder, models, 8, value));
}

// Both directions: writes or reads `count` bytes at `run`.
template <class Coder> void code_run(Coder& coder, PackedModels& m, RunKind kind, uint8_t* run, size_t count) {
  for (size_t i = 0; i < count; ++i) run[i] = code_byte(coder, m, kind, run, i, run[i]);
}

// 0 for what is too short to be a packed section.
uint64_t unpacked_bytes(const uint8_t* packed, size_t size);
// `out` has unpacked_bytes(). kCorrupt when the runs do not fill it exactly; any other damage is for the section's hash to find. `models` is working memory.
Status unpack(const uint8_t* packed, size_t size, PackedModels& models, uint8_t* out, size_t out_bytes);

}  // namespace verge::package
