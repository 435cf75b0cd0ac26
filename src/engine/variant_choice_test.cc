#include "engine/variant_choice.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

TEST(VariantChooser, StepsDownAtOnceAndUpAfterPatience) {
  VariantChooser chooser({4, 1});
  EXPECT_EQ(chooser.choose({}), 0U);
  EXPECT_EQ(chooser.choose({.battery_percent = 19}), 1U);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(chooser.choose({.battery_percent = 25}), 1U) << "between the limits nothing changes";
  EXPECT_EQ(chooser.choose({.battery_percent = 31}), 1U);
  EXPECT_EQ(chooser.choose({.battery_percent = 31}), 1U);
  EXPECT_EQ(chooser.choose({.battery_percent = 31}), 0U);
}

TEST(VariantChooser, OneBadAnswerBeginsTheWaitAnew) {
  VariantChooser chooser({4, 1});
  chooser.choose({.temperature_c = 90});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(chooser.choose({.temperature_c = 60}), 1U);
    EXPECT_EQ(chooser.choose({.temperature_c = 60}), 1U);
    EXPECT_EQ(chooser.choose({.temperature_c = 75}), 1U);
  }
}

TEST(VariantChooser, ADeadlineAndLoadSkipVariantsThatAreTooSlow) {
  VariantChooser chooser({8, 4, 1});
  EXPECT_EQ(chooser.choose({.deadline_ms = 20}), 0U);
  EXPECT_EQ(chooser.choose({.deadline_ms = 6}), 1U);
  EXPECT_EQ(chooser.choose({.load = 0.5, .deadline_ms = 6}), 2U) << "half the processor: 4 ms take 8";
  EXPECT_EQ(VariantChooser({8, 4, 1}).choose({.battery_percent = 5, .temperature_c = 95, .load = 0.95}), 2U);
}

TEST(VariantChooser, NoiseAroundALimitDoesNotSwitchToAndFro) {
  VariantChooser chooser({4, 1});
  int switches = 0;
  size_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    const size_t now = chooser.choose({.temperature_c = 80 + 4.0 * ((i * 7919) % 13 - 6) / 6});
    switches += now != before;
    before = now;
  }
  EXPECT_EQ(switches, 1);
}

}  // namespace
}  // namespace verge
