// Seeded data for tests: the same on every machine and run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace verge::testing {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint32_t next() {  // splitmix64, the high half
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
  }
  float uniform(float low, float high) { return low + (high - low) * static_cast<float>(next() >> 8) * 0x1p-24f; }

 private:
  uint64_t state_;
};

inline std::vector<float> seeded_floats(size_t n, uint64_t seed, float low = -1, float high = 1) {
  Random random(seed);
  std::vector<float> values(n);
  for (float& v : values) v = random.uniform(low, high);
  return values;
}

}  // namespace verge::testing
