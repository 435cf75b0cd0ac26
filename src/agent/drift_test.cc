#include "agent/drift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace verge::agent {
namespace {

DriftFeatures draw(std::mt19937& random, float shift) {
  std::normal_distribution<float> normal(0, 1);
  return {normal(random) + shift, normal(random), normal(random), normal(random)};
}

DriftReference reference() {
  std::mt19937 random(1);
  std::vector<DriftFeatures> samples;
  for (int i = 0; i < 2000; ++i) samples.push_back(draw(random, 0));
  return *DriftReference::learn(samples);
}

TEST(ChannelMoments, KnowEachChannelWhereverItLies) {
  const std::vector<float> last = {1, 10, 3, 30, 5, 20, 7, 40}, first = {1, 3, 5, 7, 10, 30, 20, 40};
  ChannelMoments a, b;
  a.add(last, 2, false);
  b.add(first, 2, true);
  for (const ChannelMoments* m : {&a, &b}) {
    EXPECT_EQ(m->mean(), (std::vector<double>{4, 25}));
    EXPECT_NEAR(m->deviation()[0], std::sqrt(5.0), 1e-9);
    EXPECT_NEAR(m->deviation()[1], std::sqrt(125.0), 1e-9);
  }
  b.add(std::vector<float>{2, 2}, 1, false);
  EXPECT_EQ(b.inputs(), 1u) << "another number of channels begins anew";
}

TEST(DriftReference, KeepsMomentsAndReadsReferencesWithoutThem) {
  DriftReference known = reference();
  EXPECT_FALSE(DriftReference::parse(known.to_json())->moments);
  known.moments = {{1, 2}, {3, 4}};
  const auto back = DriftReference::parse(known.to_json());
  ASSERT_TRUE(back.ok() && back->moments);
  EXPECT_EQ(back->moments->mean, known.moments->mean);
  EXPECT_EQ(back->moments->deviation, known.moments->deviation);
  Json damaged = known.to_json();
  damaged["input"]["mean"] = Json::array({1});
  EXPECT_FALSE(DriftReference::parse(damaged).ok());
}

TEST(Drift, IsSilentForADeviceYearOfTheSameData) {
  std::mt19937 random(2);
  DriftMonitor monitor(reference());
  int alarms = 0;
  for (int i = 0; i < 525600; ++i) alarms += monitor.add(draw(random, 0));
  EXPECT_EQ(alarms, 0);
}

TEST(Drift, AShiftOfOneDeviationRaisesOneAlarmWithinAWindow) {
  std::mt19937 random(3);
  DriftMonitor monitor(reference());
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(monitor.add(draw(random, 0)));
  int first = -1, alarms = 0;
  for (int i = 0; i < 1000; ++i) {
    if (!monitor.add(draw(random, 1))) continue;
    ++alarms;
    if (first < 0) first = i;
  }
  EXPECT_EQ(alarms, 1);
  EXPECT_LE(first, 250);
  EXPECT_GT(monitor.psi(0), 0.5);
  EXPECT_NEAR(monitor.ks(0), 0.38, 0.08);
  EXPECT_LT(monitor.psi(1), 0.3);
  for (int i = 0; i < 400; ++i) monitor.add(draw(random, 0));
  EXPECT_FALSE(monitor.alarmed());
}

TEST(Drift, ProbabilitiesAndScoresGiveTheSameConfidence) {
  const std::vector<float> scores = {1, 2, 4}, input = {1, 3};
  double total = 0;
  for (const float s : scores) total += std::exp(s);
  std::vector<float> probabilities;
  for (const float s : scores) probabilities.push_back(static_cast<float>(std::exp(s) / total));
  const DriftFeatures a = drift_features(input, scores), b = drift_features(input, probabilities);
  for (size_t f = 0; f < kDriftFeatures; ++f) EXPECT_NEAR(a[f], b[f], 1e-5) << kDriftNames[f];
  EXPECT_EQ(a[0], 2);
  EXPECT_EQ(a[1], 1);
}

TEST(Drift, AReferenceComesBackFromItsJson) {
  const DriftReference r = reference();
  const auto back = DriftReference::parse(*parse_json(r.to_json().dump()));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->edges, r.edges);
  EXPECT_EQ(back->share, r.share);
  EXPECT_FALSE(DriftReference::parse(Json::object()).ok());
  EXPECT_FALSE(DriftReference::learn({}).ok());
}

}  // namespace
}  // namespace verge::agent
