// The entropy code of deltas: adaptive binary models and an arithmetic coder, the same text for both directions.
//
// Each function takes the value to be written and returns the value that was written or read; a reader ignores what it is given.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge::package {

// Probability that a bit is one, in 2^-32; learns as the mean of what it saw, the last 255 counted most.
struct BitModel {
  uint32_t one = 0x80000000u;
  uint32_t seen = 0;

  void learn(uint32_t bit) {
    const int64_t target = bit ? 0xffffffff : 0;
    one = static_cast<uint32_t>(one + (target - one) * 2 / (2 * static_cast<int64_t>(seen) + 3));
    if (seen < 255) ++seen;
  }
  // in 1/65536, never certain
  uint32_t clipped() const {
    const uint32_t p = one >> 16;
    return p < kLeast ? kLeast : (p > 65536 - kLeast ? 65536 - kLeast : p);
  }
  static constexpr uint32_t kLeast = 16;
};

// The interval of the arithmetic coder; `first` and `last` are inclusive.
struct Interval {
  uint32_t first = 0, last = 0xffffffffu;

  uint32_t middle(uint32_t one) const {
    const uint32_t range = last - first;
    return first + (range >> 16) * one + (((range & 0xffff) * one) >> 16);
  }
  void narrow(uint32_t middle, uint32_t bit) { bit ? last = middle : first = middle + 1; }
  bool byte_is_certain() const { return ((first ^ last) >> 24) == 0; }
  void shift() {
    first <<= 8;
    last = last << 8 | 255;
  }
};

template <class Coder> uint32_t code_bit(Coder& coder, BitModel& model, uint32_t bit) {
  bit = coder.bit(model.clipped(), bit);
  model.learn(bit);
  return bit;
}

// `count` bits, high first, each under the model of what went before it. models: [2^count]
template <class Coder> uint32_t code_tree(Coder& coder, BitModel* models, int count, uint32_t value) {
  uint32_t node = 1;
  for (int i = count - 1; i >= 0; --i) node = node * 2 + code_bit(coder, models[node], value >> i & 1);
  return node - (1u << count);
}

template <class Coder> uint64_t code_plain(Coder& coder, int count, uint64_t value) {
  uint64_t out = 0;
  for (int i = count - 1; i >= 0; --i) out = out * 2 + coder.bit(32768, static_cast<uint32_t>(value >> i & 1));
  return out;
}

inline int bit_length(uint64_t value) { return value ? 64 - __builtin_clzll(value) : 0; }

// Numbers whose size is learned: how many bits, then the three below the highest under models, then the rest plainly.
struct NumberModel {
  static constexpr int kLengthBits = 6, kLengths = 1 << kLengthBits;
  BitModel length[kLengths];
  BitModel high[kLengths][8];
};

template <class Coder> uint64_t code_number(Coder& coder, NumberModel& m, uint64_t value) {
  const int bits = static_cast<int>(code_tree(coder, m.length, NumberModel::kLengthBits, static_cast<uint32_t>(bit_length(value))));
  if (bits < 2) return static_cast<uint64_t>(bits);
  const int below = bits - 1, modelled = below < 3 ? below : 3, plain = below - modelled;
  const uint64_t rest = value & ((uint64_t{1} << below) - 1);
  const uint64_t top = code_tree(coder, m.high[bits], modelled, static_cast<uint32_t>(rest >> plain));
  return ((uint64_t{1} << modelled | top) << plain) | code_plain(coder, plain, rest & ((uint64_t{1} << plain) - 1));
}

// 0, -1, 1, -2, 2, ... as 0, 1, 2, 3, 4, ...
inline uint64_t zigzag(int64_t v) { return static_cast<uint64_t>(v) << 1 ^ static_cast<uint64_t>(v >> 63); }
inline int64_t unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

// Differences of neighbouring elements of one region: how busy the last ones and this lane (one of 16 packed output channels) were decides how
// likely this one moves.
struct DifferenceModel {
  static constexpr int kLanes = 16;
  BitModel moves[3][4];
  BitModel negative[3];
  BitModel more[3][16];  // unary part of a small magnitude
  NumberModel large;
  uint8_t busy[kLanes] = {};  // 0..255, a running mean of "moved"
  uint32_t recent = 0;        // the last elements, one bit each
  int last_sign = 0;

  void begin_region() {
    for (uint8_t& b : busy) b = 0;
    recent = 0;
    last_sign = 0;
  }
  void saw(int lane, int64_t value) {
    busy[lane] = static_cast<uint8_t>(busy[lane] + ((value ? 255 : 0) - busy[lane]) / 8);
    recent = recent << 1 | (value != 0);
    if (value) last_sign = value < 0 ? 1 : 2;
  }
};

// A difference of `wide` elements (16 or 32 bits) has its magnitude as a number, one of bytes in unary first.
template <class Coder> int64_t code_difference(Coder& coder, DifferenceModel& m, int lane, bool wide, int64_t value) {
  const int near = static_cast<int>((m.recent & 1) + (m.recent >> 1 & 1));
  const int level = m.busy[lane] / 64;
  if (!code_bit(coder, m.moves[near][level], value != 0)) {
    m.saw(lane, 0);
    return 0;
  }
  const bool negative = code_bit(coder, m.negative[m.last_sign], value < 0);
  const auto more = static_cast<uint64_t>(value < 0 ? -value : value) - 1;
  uint64_t magnitude = 0;
  if (wide) {
    magnitude = code_number(coder, m.large, more);
  } else {
    while (magnitude < 15 && code_bit(coder, m.more[near][magnitude], more > magnitude)) ++magnitude;
    if (magnitude == 15) magnitude += code_number(coder, m.large, more - 15);
  }
  magnitude &= 0xffffffffu;  // damaged bytes may say anything
  const int64_t out = negative ? -static_cast<int64_t>(magnitude) - 1 : static_cast<int64_t>(magnitude) + 1;
  m.saw(lane, out);
  return out;
}

// Bytes that have no counterpart in the old file: each under the kind of its predecessor.
struct LiteralModel {
  BitModel byte[4][256];
  static int kind(uint8_t before) {
    if (before >= '0' && before <= '9') return 1;
    if (before >= 'a' && before <= 'f') return 2;
    return before < 32 || before > 126 ? 3 : 0;
  }
};

}  // namespace verge::package
