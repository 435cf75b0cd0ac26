// Random numbers that depend on what they are for and on nothing else: a seed, then as many coordinates as wanted (epoch, sample, ...). Same bits on every
// machine and for every number of threads.
#pragma once
#include <cstdint>
#include <initializer_list>

namespace verge::train {

// What random numbers of a training run are for: the second coordinate, behind the seed.
enum Purpose : uint64_t { kOrder = 1, kAugment, kReplay, kMix, kDropout, kAdapters };

class Random {
 public:
  explicit Random(std::initializer_list<uint64_t> coordinates) {
    for (uint64_t c : coordinates) state_ = mixed(state_ ^ mixed(c + kStep));
  }
  // splitmix64
  uint64_t next() { return mixed(state_ += kStep); }
  // An index below n, n >= 1.
  uint64_t below(uint64_t n) { return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64); }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  bool chance(double p) { return uniform() < p; }
  double normal();  // mean 0, deviation 1

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;
  static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t state_ = 0;
};

}  // namespace verge::train
