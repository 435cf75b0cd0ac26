#include "data/heart.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace verge::data {
namespace {

TEST(Heart, TheSameSeedGivesTheSameRecord) {
  const HeartRecord a = make_heart_record(7, 60), b = make_heart_record(7, 60), c = make_heart_record(8, 60);
  EXPECT_EQ(a.millivolts, b.millivolts);
  EXPECT_NE(a.millivolts, c.millivolts);
  EXPECT_EQ(a.millivolts.size(), 60u * kHeartFrequency);
}

TEST(Heart, RecordsHaveAllKindsOfBeatsAtPlausibleRates) {
  int kinds[3] = {};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const HeartRecord r = make_heart_record(seed, 120);
    EXPECT_GE(r.beats.size(), 120 / 1.3) << seed;
    EXPECT_LE(r.beats.size(), 120 / 0.45) << seed;
    for (size_t i = 0; i < r.beats.size(); ++i) {
      ++kinds[static_cast<int>(r.beats[i].kind)];
      if (i > 0) {
        ASSERT_GT(r.beats[i].sample, r.beats[i - 1].sample + kHeartFrequency / 5) << seed << " " << i;
      }
    }
  }
  EXPECT_GT(kinds[0], kinds[1] + kinds[2]);
  EXPECT_GT(kinds[1], 30);
  EXPECT_GT(kinds[2], 30);
}

// In a record without premature beats' shapes the largest value of a beat is its R wave, where the annotation says.
TEST(Heart, NormalBeatsPeakWhereTheyAreAnnotated) {
  size_t right = 0, all = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const HeartRecord r = make_heart_record(seed, 60);
    for (size_t i = 1; i + 1 < r.beats.size(); ++i) {
      if (r.beats[i].kind != BeatKind::kNormal) continue;
      const size_t from = r.beats[i].sample - 40, to = std::min(r.millivolts.size(), r.beats[i].sample + 41);
      const auto peak =
          std::max_element(r.millivolts.begin() + static_cast<int64_t>(from), r.millivolts.begin() + static_cast<int64_t>(to)) - r.millivolts.begin();
      right += std::abs(peak - static_cast<int64_t>(r.beats[i].sample)) <= 8;
      ++all;
    }
  }
  EXPECT_GT(static_cast<double>(right), 0.95 * static_cast<double>(all)) << right << " of " << all;
}

TEST(Heart, OptionsOutOfRangeAreRefused) {
  EXPECT_EQ(write_heart_set("x", 0, 60, 1).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(write_heart_set("x", 1, 5, 1).error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace verge::data
