#include "data/vibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace verge::data {
namespace {

TEST(Vibration, TheSameSeedGivesTheSameRecording) {
  const auto a = make_vibration(MachineState::kBearing, 7), b = make_vibration(MachineState::kBearing, 7), c = make_vibration(MachineState::kBearing, 8);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_EQ(a.size(), static_cast<size_t>(kVibrationSamples));
}

// The mean over recordings; `measure` is of one.
template <typename Measure> double mean_of(MachineState state, const Measure& measure) {
  constexpr uint64_t kSeeds = 60;
  double sum = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) sum += measure(make_vibration(state, seed));
  return sum / kSeeds;
}

double loudness(const std::vector<float>& x) {
  double squares = 0;
  for (float v : x) squares += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(squares / static_cast<double>(x.size()));
}

// The share of the energy that changes from sample to sample: rings are above what the shaft does.
double high_share(const std::vector<float>& x) {
  double squares = 0;
  for (size_t i = 1; i < x.size(); ++i) squares += std::pow(static_cast<double>(x[i]) - static_cast<double>(x[i - 1]), 2);
  return std::sqrt(squares / static_cast<double>(x.size())) / loudness(x);
}

TEST(Vibration, AFaultAddsWhatItIsNamedFor) {
  const double normal = mean_of(MachineState::kNormal, loudness), high = mean_of(MachineState::kNormal, high_share);
  EXPECT_GT(mean_of(MachineState::kImbalance, loudness), 1.3 * normal);
  EXPECT_GT(mean_of(MachineState::kMisalignment, loudness), 1.3 * normal);
  EXPECT_GT(mean_of(MachineState::kLooseness, loudness), 1.05 * normal);
  EXPECT_GT(mean_of(MachineState::kBearing, high_share), 1.1 * high);
  EXPECT_LT(mean_of(MachineState::kImbalance, high_share), high);
}

TEST(Vibration, NothingIsSilentOrBeyondTheScale) {
  for (int state = 0; state < kMachineStates; ++state)
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const auto x = make_vibration(static_cast<MachineState>(state), seed);
      EXPECT_GT(loudness(x), 0.005) << state << " " << seed;
      EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](float v) { return v >= -1 && v <= 1; })) << state << " " << seed;
    }
}

TEST(Vibration, ACountOutOfRangeIsRefused) { EXPECT_FALSE(write_vibration_set("/nonexistent", 0, 1).ok()); }

}  // namespace
}  // namespace verge::data
