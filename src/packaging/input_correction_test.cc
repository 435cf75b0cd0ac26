#include "packaging/input_correction.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

TEST(InputCorrection, BringsMeansAndDeviationsTogether) {
  const std::vector<double> mean = {148, 90, 20}, deviation = {22.5, 45, 4}, wanted_mean = {128, 120, 0}, wanted_deviation = {50, 45, 1};
  const auto made = matching(wanted_mean, wanted_deviation, mean, deviation);
  ASSERT_TRUE(made.ok()) << made.error().message();
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(static_cast<double>(made->gain[c]) * mean[c] + static_cast<double>(made->offset[c]), wanted_mean[c], 0.01);
    EXPECT_NEAR(static_cast<double>(made->gain[c]) * deviation[c], wanted_deviation[c], 0.001);
  }
}

TEST(InputCorrection, RefusesOtherChannelsAndInputsThatNeverChange) {
  const std::vector<double> three = {1, 2, 3}, one = {1}, still = {1, 0, 1};
  EXPECT_FALSE(matching(one, one, three, three).ok());
  EXPECT_FALSE(matching({}, {}, {}, {}).ok());
  const auto made = matching(three, three, three, still);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message().find("channel 1"), std::string::npos) << made.error().message();
}

TEST(InputCorrection, IsTheSameBehindTheManifest) {
  const InputCorrection made{{2.2148f, 0.1f, 1e-6f}, {-199.62f, 0, 3}};
  const auto back = correction_of(*parse_json(canonical_json({{"correction", correction_json(made)}})));
  ASSERT_TRUE(back.ok() && back->has_value());
  EXPECT_EQ((*back)->gain, made.gain);
  EXPECT_EQ((*back)->offset, made.offset);
  EXPECT_FALSE(correction_of(Json::object())->has_value());
}

TEST(InputCorrection, OfADamagedManifestIsRefused) {
  for (const char* text : {R"({"correction": 3})", R"({"correction": {"gain": [1]}})", R"({"correction": {"gain": [1, 2], "offset": [0]}})",
                           R"({"correction": {"gain": [], "offset": []}})", R"({"correction": {"gain": ["a"], "offset": [0]}})",
                           R"({"correction": {"gain": [1e300], "offset": [0]}})", R"({"correction": {"gain": [1,1,1,1,1], "offset": [0,0,0,0,0]}})"})
    EXPECT_FALSE(correction_of(*parse_json(text)).ok()) << text;
}

TEST(InputCorrection, FindsChannelsFirstOrLast) {
  EXPECT_EQ(channel_place({1, 32, 32, 3}).channels, 3u);
  EXPECT_FALSE(channel_place({1, 32, 32, 3}).first);
  EXPECT_TRUE(channel_place({1, 3, 240, 320}).first);
  EXPECT_EQ(channel_place({1, 640}).channels, 1u);
  EXPECT_EQ(channel_place({1, 20, 20, 64}).channels, 1u);
  const InputCorrection made{{1, 10}, {0, 1}};
  std::vector<float> last = {1, 2, 3, 4}, first = last;
  correct(made, {2, false}, last);
  correct(made, {2, true}, first);
  EXPECT_EQ(last, (std::vector<float>{1, 21, 3, 41}));
  EXPECT_EQ(first, (std::vector<float>{1, 2, 31, 41}));
}

}  // namespace
}  // namespace verge
