#include "agent/trusted_clock.h"

#include <gtest/gtest.h>

#include "os/model_disk.h"

namespace verge::agent {
namespace {

int64_t system_now = 0;
double running = 0;
TrustedClock clock_on(Storage& disk) {
  return TrustedClock::open(disk, {[] { return system_now; }, [] { return running; }});
}

TEST(TrustedClock, NeverGoesBehindTheLastCheckIn) {
  ModelDisk disk;
  system_now = 1'800'000'000, running = 0;
  {
    TrustedClock clock = clock_on(disk);
    EXPECT_EQ(clock.now_s(), 1'800'000'000);
    ASSERT_TRUE(clock.checked_in().ok());
  }
  system_now = 0, running = 5;  // a start without a battery
  TrustedClock clock = clock_on(disk);
  EXPECT_EQ(clock.now_s(), 1'800'000'000);
  EXPECT_EQ(clock.behind_s(), 1'800'000'000);
  running = 105;
  EXPECT_EQ(clock.now_s(), 1'800'000'100) << "it goes on";
  system_now = 1'800'500'000;
  EXPECT_EQ(clock.now_s(), 1'800'500'000);
  EXPECT_EQ(clock.behind_s(), 0);
}

TEST(TrustedClock, IsWrittenOnceAnHour) {
  ModelDisk disk;
  system_now = 1'800'000'000, running = 0;
  TrustedClock clock = clock_on(disk);
  for (; running < 7200; running += 60, system_now += 60) ASSERT_TRUE(clock.checked_in().ok());
  const Bytes bytes = *disk.read("clock");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "1800003600");
}

TEST(TrustedClock, OfADamagedFileIsTheSystems) {
  for (const char* text : {"", "x", "12x", "-5", "99999999999999999999", "9999999999999"}) {
    ModelDisk disk;
    const std::string bytes = text;
    ASSERT_TRUE(disk.write("clock", {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).ok());
    system_now = 1'800'000'000, running = 0;
    EXPECT_EQ(clock_on(disk).now_s(), 1'800'000'000) << text;
  }
}

}  // namespace
}  // namespace verge::agent
