#include "train/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace verge::train {
namespace {

TEST(Metrics, AreaUnderTheCurveCountsPairsInOrder) {
  // Of class 1: 0.9, 0.4 and 0.3; of class 0: 0.4 and 0.1. Six pairs: four in order, one equal, one reversed.
  const std::vector<float> p = {0.1f, 0.9f, 0.6f, 0.4f, 0.7f, 0.3f, 0.6f, 0.4f, 0.9f, 0.1f};
  const Json m = classifier_metrics(p, std::vector<int>{1, 1, 1, 0, 0}, false);
  EXPECT_NEAR(m["auc"].get<double>(), 4.5 / 6, 1e-6);
  EXPECT_FALSE(m.contains("top5"));
}

TEST(Metrics, EqualErrorRateIsWhereAsManyAreMissedAsTaken) {
  const auto of_class_1 = [](const std::vector<float>& p, const std::vector<int>& labels) {
    std::vector<float> both;
    for (float v : p) both.insert(both.end(), {1 - v, v});
    return classifier_metrics(both, labels, false)["eer"].get<double>();
  };
  EXPECT_NEAR(of_class_1({0.9f, 0.8f, 0.2f, 0.1f}, {1, 1, 0, 0}), 0, 1e-9) << "apart";
  EXPECT_NEAR(of_class_1({0.1f, 0.2f, 0.8f, 0.9f}, {1, 1, 0, 0}), 1, 1e-9) << "the wrong way round";
  EXPECT_NEAR(of_class_1({0.5f, 0.5f, 0.5f, 0.5f}, {1, 1, 0, 0}), 0.5, 1e-9) << "all equal";
  EXPECT_NEAR(of_class_1({0.9f, 0.7f, 0.6f, 0.3f, 0.8f, 0.4f, 0.2f, 0.1f}, {1, 1, 1, 1, 0, 0, 0, 0}), 0.25, 1e-9) << "at 0.5 one of four is missed and one taken";
}

TEST(Metrics, CalibrationErrorIsWhatTheAnswersPromiseTooMuch) {
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  std::vector<float> outputs;
  std::vector<int> labels;
  for (int i = 0; i < 10; ++i) outputs.insert(outputs.end(), {0, logit(0.9)}), labels.push_back(i < 6 ? 1 : 0);  // says 0.9, is right in 0.6
  EXPECT_NEAR(classifier_metrics(outputs, labels, true)["calibration_error"].get<double>(), 0.3, 1e-6);
}

TEST(Metrics, AnswersThatAreNoNumbersOrderNothing) {
  const float nan = std::nanf("");
  EXPECT_EQ(classifier_metrics(std::vector<float>{nan, nan, nan, nan, nan, nan}, std::vector<int>{0, 1, 1}, true)["auc"].get<double>(), 0.5);
}

TEST(Metrics, TheClassMayBeAmongTheFiveLargest) {
  std::vector<float> outputs;
  for (int i = 0; i < 7; ++i)
    for (int c = 0; c < 7; ++c) outputs.push_back(static_cast<float>(-c));
  EXPECT_NEAR(classifier_metrics(outputs, std::vector<int>{0, 1, 2, 3, 4, 5, 6}, true)["top5"].get<double>(), 5.0 / 7, 1e-9);
}

}  // namespace
}  // namespace verge::train
