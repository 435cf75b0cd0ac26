#include "os/sensors.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace verge {
namespace {

// A machine as files.
class Sensors : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(root_); }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text << '\n';
  }
  const std::string root_ = ::testing::TempDir() + "sensors_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Sensors, SaysNothingOfAMachineWithoutThem) {
  EXPECT_FALSE(EnergyMeter::find(root_));
  EXPECT_FALSE(conditions(root_).temperature_c || conditions(root_).clock_mhz);
}

TEST_F(Sensors, CountsTheEnergyOfPackagesAcrossAWrap) {
  put("/sys/class/powercap/intel-rapl:0/energy_uj", "9000000");
  put("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "10000000");
  put("/sys/class/powercap/intel-rapl:0/name", "package-0");
  put("/sys/class/powercap/intel-rapl:0:0/energy_uj", "1");
  auto meter = EnergyMeter::find(root_);
  ASSERT_TRUE(meter);
  EXPECT_EQ(meter->source(), "rapl package-0");
  meter->sample(0);
  put("/sys/class/powercap/intel-rapl:0/energy_uj", "500000");
  meter->sample(1);
  EXPECT_NEAR(meter->joules(), 1.5, 1e-9);
}

TEST_F(Sensors, IntegratesPower) {
  put("/sys/class/hwmon/hwmon0/name", "ina219");
  put("/sys/class/hwmon/hwmon0/power1_input", "2000000");
  auto meter = EnergyMeter::find(root_);
  ASSERT_TRUE(meter);
  EXPECT_EQ(meter->source(), "hwmon ina219");
  meter->sample(10);
  put("/sys/class/hwmon/hwmon0/power1_input", "4000000");
  meter->sample(12);
  EXPECT_NEAR(meter->joules(), 6, 1e-9);
}

TEST_F(Sensors, TakesABatteryOnlyWhileItDischarges) {
  put("/sys/class/power_supply/BAT0/type", "Battery");
  put("/sys/class/power_supply/BAT0/status", "Charging");
  put("/sys/class/power_supply/BAT0/current_now", "500000");
  put("/sys/class/power_supply/BAT0/voltage_now", "4000000");
  EXPECT_FALSE(EnergyMeter::find(root_));
  put("/sys/class/power_supply/BAT0/status", "Discharging");
  auto meter = EnergyMeter::find(root_);
  ASSERT_TRUE(meter);
  meter->sample(0);
  meter->sample(3);
  EXPECT_NEAR(meter->joules(), 6, 1e-9);
}

TEST_F(Sensors, ReadsTheHottestZoneAndTheMeanClock) {
  put("/sys/class/thermal/thermal_zone0/temp", "41000");
  put("/sys/class/thermal/thermal_zone1/temp", "52500");
  put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1500000");
  put("/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "2500000");
  EXPECT_EQ(conditions(root_).temperature_c, 52.5);
  EXPECT_EQ(conditions(root_).clock_mhz, 2000);
}

}  // namespace
}  // namespace verge
