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

  static constexpr BitModel even() { return {0x80000000u, 16}; }  // expected to stay near one half

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

// How much elements move: a running mean of magnitudes in 1/256, and its class, two to an octave.
struct Activity {
  static constexpr int kLevels = 36;
  int32_t mean = 128;
  int32_t seen = 1;

  void saw(int64_t magnitude, int32_t most) {
    mean += (static_cast<int32_t>(magnitude) * 256 - mean) / (seen + 1);
    if (seen < most) ++seen;
  }
  // With what one lane showed, the more of it the more it counts.
  int32_t beside(const Activity& lane) const { return (mean * 4 + lane.mean * (lane.seen - 1)) / (lane.seen + 3); }
  static int level(int32_t mean) {
    const int bits = bit_length(static_cast<uint64_t>(mean));
    return bits < 2 ? bits : 2 * bits - 2 + (mean >> (bits - 2) & 1);
  }
};

// 8-bit differences of one region, around their lane's mean or around zero. A lane is one of 16 packed output channels: a channel's weights often move
// together. Magnitudes are in unary under the activity there; models begin as the geometric distribution of that mean.
struct ByteDifferences {
  static constexpr int kLanes = 16, kUnary = 15, kMemory = 64;
  BitModel moves[Activity::kLevels], more[Activity::kLevels][kUnary], negative[3] = {BitModel::even(), BitModel::even(), BitModel::even()};
  NumberModel large;
  Activity region, lanes[kLanes];
  int32_t centre[kLanes] = {};  // in 1/256
  int32_t last_sign = 0;

  ByteDifferences() {
    for (int level = 0; level < Activity::kLevels; ++level) {
      const uint64_t mean = level < 2 ? 1 : (uint64_t{5} + 2 * (level % 2)) << (level / 2) >> 2;
      begin_at(moves[level], mean);
      for (BitModel& m : more[level]) begin_at(m, mean * 3 / 4);
    }
  }
  void begin_region() {
    region = Activity();
    for (Activity& lane : lanes) lane = Activity();
    for (int32_t& c : centre) c = 0;
    last_sign = 0;
  }
  void saw(int lane, bool centred, int64_t difference, int64_t rest) {
    const int64_t magnitude = rest < 0 ? -rest : rest;
    if (centred) centre[lane] += (static_cast<int32_t>(difference) * 256 - centre[lane]) / (lanes[lane].seen + 1);
    lanes[lane].saw(magnitude, kMemory);
    region.saw(magnitude, kMemory);
    last_sign = rest == 0 ? last_sign : (rest < 0 ? 1 : 2);
  }

 private:
  static void begin_at(BitModel& model, uint64_t mean) {
    model.one = static_cast<uint32_t>((mean << 32) / (mean + 256));
    model.seen = 2;
  }
};

// difference: -128..127
template <class Coder> int64_t code_byte_difference(Coder& coder, ByteDifferences& m, int lane, bool centred, int64_t difference) {
  const int level = Activity::level(m.region.beside(m.lanes[lane]));
  const int64_t centre = (m.centre[lane] + 128) >> 8;
  const int64_t rest = difference - centre;
  int64_t out = 0;
  if (code_bit(coder, m.moves[level], rest != 0)) {
    const bool negative = code_bit(coder, m.negative[m.last_sign], rest < 0);
    const auto more = static_cast<uint64_t>(rest < 0 ? -rest : rest) - 1;
    uint64_t magnitude = 0;
    while (magnitude < ByteDifferences::kUnary && code_bit(coder, m.more[level][magnitude], more > magnitude)) ++magnitude;
    if (magnitude == ByteDifferences::kUnary) magnitude += code_number(coder, m.large, more - magnitude) & 0xff;  // damaged bytes may say anything
    out = negative ? -static_cast<int64_t>(magnitude) - 1 : static_cast<int64_t>(magnitude) + 1;
  }
  const int64_t found = static_cast<int8_t>(centre + out);
  m.saw(lane, centred, found, out);
  return found;
}

// 16- and 32-bit differences of one region: which move follows from the last ones and from the lane; a magnitude's bits are counted from the running
// mean of such counts, the two below the highest are learned, the rest is plain.
struct WideDifferences {
  static constexpr int kLanes = 16, kSteps = 33;
  BitModel moves[4][4], negative = BitModel::even(), above[3], up[3][kSteps], down[3][kSteps];
  BitModel high[2][4] = {{BitModel::even(), BitModel::even()}, {BitModel::even(), BitModel::even(), BitModel::even(), BitModel::even()}};
  uint8_t busy[kLanes] = {};  // 0..255, a running mean of "moved"
  uint32_t recent = 0;        // the last elements, one bit each
  int32_t last_step = 0;
  int32_t bits = 8 * 256;  // the running mean of magnitudes' bits, in 1/256
  int32_t seen = 0;

  void begin_region() {
    for (uint8_t& b : busy) b = 0;
    recent = 0;
    last_step = 0;
    if (seen > 1) seen = 1;  // another tensor moves about as much
  }
  void saw(int lane, bool moved) {
    busy[lane] = static_cast<uint8_t>(busy[lane] + ((moved ? 255 : 0) - busy[lane]) / 8);
    recent = recent << 1 | moved;
  }
  void saw_bits(int now) {
    bits += (now * 256 - bits) / (seen + 1);
    if (seen < 15) ++seen;
  }
};

// The bits of a magnitude, 1 to 32: above the mean or not, and how far, in unary.
template <class Coder> int code_bits(Coder& coder, WideDifferences& m, int bits) {
  const int mean = (m.bits + 128) >> 8;
  const bool above = code_bit(coder, m.above[m.last_step], bits > mean);
  BitModel* const models = above ? m.up[m.last_step] : m.down[m.last_step];
  const int most = above ? 32 - mean - 1 : mean - 1, way = above ? bits - mean - 1 : mean - bits;
  int steps = 0;
  while (steps < most && code_bit(coder, models[steps], way > steps)) ++steps;
  const int out = above ? mean + 1 + steps : mean - steps;
  m.last_step = out == mean ? 0 : (out > mean ? 1 : 2);
  m.saw_bits(out);
  return out;
}

// |difference| below 2^32
template <class Coder> int64_t code_wide_difference(Coder& coder, WideDifferences& m, int lane, int64_t difference) {
  if (!code_bit(coder, m.moves[m.recent & 3][m.busy[lane] / 64], difference != 0)) {
    m.saw(lane, false);
    return 0;
  }
  const bool negative = code_bit(coder, m.negative, difference < 0);
  const auto magnitude = static_cast<uint64_t>(negative ? -difference : difference);
  const int bits = code_bits(coder, m, bit_length(magnitude));
  const int below = bits - 1, learned = below < 2 ? below : 2, plain = below - learned;
  const uint64_t rest = magnitude & ((uint64_t{1} << below) - 1);
  const uint64_t top = code_tree(coder, m.high[learned == 2], learned, static_cast<uint32_t>(rest >> plain));
  const uint64_t out = ((uint64_t{1} << learned | top) << plain) | code_plain(coder, plain, rest & ((uint64_t{1} << plain) - 1));
  m.saw(lane, true);
  return negative ? -static_cast<int64_t>(out) : static_cast<int64_t>(out);
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

inline char hex_digit(uint32_t value) { return "0123456789abcdef"[value]; }
inline uint32_t hex_value(uint8_t digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10U; }

// `hex`: digits of hashes, which nothing foretells.
template <class Coder> uint8_t code_literal(Coder& coder, LiteralModel& m, bool hex, uint8_t before, uint8_t byte) {
  if (hex) return static_cast<uint8_t>(hex_digit(static_cast<uint32_t>(code_plain(coder, 4, hex_value(byte)))));
  return static_cast<uint8_t>(code_tree(coder, m.byte[LiteralModel::kind(before)], 8, byte));
}

}  // namespace verge::package
