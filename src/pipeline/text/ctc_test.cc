#include "pipeline/text/ctc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace verge::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Ctc, TheBestPathMergesRepeatsAndDropsBlanks) {
  std::vector<float> scores;
  for (const int label : {1, 1, 0, 1, 2, 2, 0, 0})
    for (int c = 0; c < 3; ++c) scores.push_back(c == label ? 4.0f : 0.0f);
  EXPECT_THAT(ctc_decode(scores, 3, {.blank = 0})->labels, ElementsAre(1, 1, 2));
}

TEST(Ctc, ABeamSumsPathsThatTheBestOneIsNot) {
  const std::vector<float> scores = {0.6f, 0.4f, 0.6f, 0.4f};  // blank blank is 0.36; the three paths of one label are 0.64
  TranscriptSteps steps = {.blank = 0, .probabilities = true};
  EXPECT_THAT(ctc_decode(scores, 2, steps)->labels, IsEmpty());
  steps.beam = 4;
  const auto best = ctc_decode(scores, 2, steps);
  EXPECT_THAT(best->labels, ElementsAre(1));
  EXPECT_NEAR(std::exp(best->log_probability), 0.64, 1e-6);
}

TEST(Ctc, AWideBeamFindsTheBestOfAllTexts) {
  constexpr int kSteps = 5, kClasses = 3, kPaths = 243;
  uint32_t seed = 7;
  for (int round = 0; round < 20; ++round) {
    std::vector<float> p(kSteps * kClasses);
    for (float& v : p) v = static_cast<float>((seed = seed * 1664525 + 1013904223) >> 8) / (1 << 24);
    std::map<std::vector<int>, double> sums;
    for (int path = 0; path < kPaths; ++path) {
      std::vector<int> labels;
      double product = 1;
      for (int t = 0, rest = path, before = -1; t < kSteps; ++t, rest /= kClasses) {
        const int label = rest % kClasses;
        product *= static_cast<double>(p[static_cast<size_t>(t * kClasses + label)]);
        if (label != kClasses - 1 && label != before) labels.push_back(label);
        before = label;
      }
      sums[labels] += product;
    }
    const auto wanted = std::max_element(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const auto got = ctc_decode(p, kClasses, {.blank = -1, .beam = 1000, .probabilities = true});
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->labels, wanted->first) << "round " << round;
    EXPECT_NEAR(std::exp(got->log_probability), wanted->second, 1e-9) << "round " << round;
  }
}

TEST(Ctc, ScoresThatAreNoWholeStepsAreRefused) {
  EXPECT_FALSE(ctc_decode(std::vector<float>(7), 3, {}).ok());
  EXPECT_FALSE(ctc_decode(std::vector<float>(6), 3, {.blank = 3}).ok());
}

}  // namespace
}  // namespace verge::text
