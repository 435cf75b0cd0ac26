// What a Linux machine says of itself while it works: energy, temperature, clock. Everything may be absent, and then it is absent here too: no figure is
// made up. Paths are Linux's (https://docs.kernel.org/power/powercap/powercap.html, https://docs.kernel.org/hwmon/sysfs-interface.html).
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace verge {

// One source of energy figures: processor counters (RAPL) before energy or power sensors (hwmon, INA among them) before the battery. Power is integrated
// at each sample().
class EnergyMeter {
 public:
  // `root` is where /sys and /proc lie; tests give another.
  static std::optional<EnergyMeter> find(const std::string& root = "");
  // "rapl package-0", "hwmon ina219", "battery BAT0".
  const std::string& source() const { return source_; }
  // Reads the sensor at `now_s`; call at least once a second where a power sensor is integrated, and more often than a counter wraps.
  void sample(double now_s);
  // Since the first sample.
  double joules() const { return joules_; }

 private:
  struct Counter {
    std::string path;
    double wraps_at = 0;  // microjoules; 0: never
    double last = 0;
  };
  std::string source_;
  std::vector<Counter> counters_;       // microjoules
  std::vector<std::string> powers_;     // microwatts
  std::optional<std::pair<std::string, std::string>> battery_;  // microamperes, microvolts
  double joules_ = 0, last_s_ = 0, last_watts_ = 0;
  bool sampled_ = false;
};

struct Conditions {
  std::optional<double> temperature_c;  // the hottest zone
  std::optional<double> clock_mhz;      // mean of the processors
};
Conditions conditions(const std::string& root = "");

}  // namespace verge
