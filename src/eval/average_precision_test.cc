#include "eval/average_precision.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

Detection found(const Box& b, double score, double right_by = 0) {
  return {static_cast<double>(b.top), static_cast<double>(b.left) + right_by, static_cast<double>(b.bottom), static_cast<double>(b.right) + right_by, b.label, score};
}

const Box kFirst{0, 0, 0.5F, 0.5F, 0}, kSecond{0.5F, 0.5F, 1, 1, 0};

TEST(AveragePrecision, OfTheTruthIsOne) {
  PrecisionCounter c;
  c.add(std::vector{kFirst, kSecond}, std::vector{found(kFirst, 0.9), found(kSecond, 0.4)});
  EXPECT_DOUBLE_EQ(c.result(1).at_50, 1);
  EXPECT_NEAR(c.result(1).mean, 1, 1e-12);
}

// Right, wrong, right of two boxes: precision 1 up to recall 0.5 (51 of 101 recalls), 2/3 beyond.
TEST(AveragePrecision, AWrongAnswerBetweenCostsWhatIsBehindIt) {
  PrecisionCounter c;
  const Box elsewhere{0.5F, 0, 1, 0.4F, 0};
  c.add(std::vector{kFirst, kSecond}, std::vector{found(kSecond, 0.2), found(elsewhere, 0.5), found(kFirst, 0.9)});
  EXPECT_NEAR(c.result(1).at_50, (51 + 50 * 2.0 / 3) / 101, 1e-12);
}

TEST(AveragePrecision, ABoxIsFoundOnce) {
  PrecisionCounter c;
  c.add(std::vector{kFirst, kSecond}, std::vector{found(kFirst, 0.9), found(kFirst, 0.8), found(kSecond, 0.7)});
  EXPECT_NEAR(c.result(1).at_50, (51 + 50 * 2.0 / 3) / 101, 1e-12);
}

// Moved by a fifth of its width: overlap 0.4 / 0.6, enough for thresholds 0.5 to 0.65.
TEST(AveragePrecision, TheMeanAsksForEverBetterBoxes) {
  PrecisionCounter c;
  c.add(std::vector{kFirst}, std::vector{found(kFirst, 0.9, 0.1)});
  EXPECT_NEAR(overlap(kFirst, found(kFirst, 1, 0.1)), 2.0 / 3, 1e-6);
  EXPECT_DOUBLE_EQ(c.result(1).at_50, 1);
  EXPECT_NEAR(c.result(1).mean, 0.4, 1e-12);
}

TEST(AveragePrecision, ClassesThatDoNotOccurDoNotCount) {
  PrecisionCounter c;
  Box other = kFirst;
  other.label = 2;
  c.add(std::vector{kFirst, other}, std::vector{found(kFirst, 0.9)});
  const AveragePrecision ap = c.result(4);
  EXPECT_EQ(ap.by_class, (std::vector<double>{1, -1, 0, -1}));
  EXPECT_DOUBLE_EQ(ap.at_50, 0.5);
}

TEST(AveragePrecision, PicturesAreApart) {
  PrecisionCounter c;
  c.add(std::vector{kFirst}, {});
  c.add({}, std::vector{found(kFirst, 0.9)});
  EXPECT_DOUBLE_EQ(c.result(1).at_50, 0);
}

}  // namespace
}  // namespace verge
