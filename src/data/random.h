// Repeatable randomness for data: the same seed gives the same values on every machine. Not for secrets.
//
// Draw in declarations or between braces, where C++ fixes the order; the order of a call's arguments and of an operator's sides is the compiler's.
#pragma once
#include <cstdint>

namespace verge::data {

// One round of splitmix64: spreads a counter or a combination of seeds over all 64 bits.
constexpr uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Random {
 public:
  explicit constexpr Random(uint64_t seed) : state_(seed) {}

  constexpr uint64_t bits() { return mix(state_++); }
  // [0, 1) in steps of 2^-24, exact in float.
  constexpr float unit() { return static_cast<float>(bits() >> 40) * 0x1p-24f; }
  constexpr float between(float low, float high) { return low + (high - low) * unit(); }
  constexpr int below(int n) { return static_cast<int>((bits() >> 32) * static_cast<uint64_t>(n) >> 32); }
  constexpr bool chance(float probability) { return unit() < probability; }
  // The same, of either sign.
  constexpr float either_sign(float low, float high) {
    const float size = between(low, high);
    return chance(0.5f) ? size : -size;
  }
  // Mean 0, deviation 1, never beyond 3.5: the sum of four uniform values, close enough to a bell for sensor noise and free of libm.
  constexpr float bell() {
    float sum = -2;
    for (int i = 0; i < 4; ++i) sum += unit();
    return sum * 1.7320508f;
  }

 private:
  uint64_t state_;
};

}  // namespace verge::data
