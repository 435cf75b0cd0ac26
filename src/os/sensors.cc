#include "os/sensors.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace verge {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const std::string& path) {
  std::ifstream file(path);
  double value = 0;
  return file >> value ? std::optional(value) : std::nullopt;
}

std::string word_in(const std::string& path, const std::string& otherwise) {
  std::ifstream file(path);
  std::string word;
  return file >> word ? word : otherwise;
}

// Entries of a folder whose names begin so, sorted.
std::vector<std::string> entries(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> out;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
    if (it->path().filename().string().rfind(prefix, 0) == 0) out.push_back(it->path().string());
  std::sort(out.begin(), out.end());
  return out;
}

bool ends_in(const std::string& path, const char* ending) { return path.size() >= std::string(ending).size() && path.substr(path.size() - std::string(ending).size()) == ending; }

std::optional<double> clock_in_cpuinfo(const std::string& path) {
  std::ifstream file(path);
  double sum = 0;
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("cpu MHz", 0) != 0) continue;
    sum += std::strtod(line.c_str() + line.find(':') + 1, nullptr);
    ++count;
  }
  return count && sum > 0 ? std::optional(sum / count) : std::nullopt;
}

}  // namespace

std::optional<EnergyMeter> EnergyMeter::find(const std::string& root) {
  EnergyMeter out;
  for (const std::string& zone : entries(root + "/sys/class/powercap", "intel-rapl:")) {
    const bool package = std::count(zone.begin(), zone.end(), ':') == 1;  // its parts are counted in it
    if (!package || !number_in(zone + "/energy_uj")) continue;
    out.counters_.push_back({zone + "/energy_uj", number_in(zone + "/max_energy_range_uj").value_or(0), 0});
    out.source_ = "rapl " + word_in(zone + "/name", "package");
  }
  if (!out.counters_.empty()) return out;
  for (const std::string& chip : entries(root + "/sys/class/hwmon", "hwmon")) {
    for (const std::string& sensor : entries(chip, "energy"))
      if (ends_in(sensor, "_input") && number_in(sensor)) out.counters_.push_back({sensor, 0, 0});
    if (out.counters_.empty())
      for (const std::string& sensor : entries(chip, "power"))
        if (ends_in(sensor, "_input") && number_in(sensor)) out.powers_.push_back(sensor);
    out.source_ = "hwmon " + word_in(chip + "/name", "sensor");
    if (!out.counters_.empty() || !out.powers_.empty()) return out;
  }
  for (const std::string& supply : entries(root + "/sys/class/power_supply", "")) {
    if (word_in(supply + "/type", "") != "Battery" || word_in(supply + "/status", "") != "Discharging") continue;
    out.source_ = "battery " + fs::path(supply).filename().string();
    if (number_in(supply + "/power_now")) out.powers_.push_back(supply + "/power_now");
    else if (number_in(supply + "/current_now") && number_in(supply + "/voltage_now")) out.battery_ = {supply + "/current_now", supply + "/voltage_now"};
    else continue;
    return out;
  }
  return std::nullopt;
}

void EnergyMeter::sample(double now_s) {
  for (Counter& c : counters_) {
    const double value = number_in(c.path).value_or(c.last);
    if (sampled_) joules_ += (value >= c.last ? value - c.last : value + c.wraps_at - c.last) * 1e-6;
    c.last = value;
  }
  double watts = 0;
  for (const std::string& path : powers_) watts += number_in(path).value_or(0) * 1e-6;
  if (battery_) watts = number_in(battery_->first).value_or(0) * 1e-6 * number_in(battery_->second).value_or(0) * 1e-6;
  if (sampled_) joules_ += (watts + last_watts_) / 2 * (now_s - last_s_);
  last_watts_ = watts;
  last_s_ = now_s;
  sampled_ = true;
}

Conditions conditions(const std::string& root) {
  Conditions out;
  for (const std::string& zone : entries(root + "/sys/class/thermal", "thermal_zone"))
    if (const auto milli = number_in(zone + "/temp")) out.temperature_c = std::max(out.temperature_c.value_or(-273), *milli / 1e3);
  double sum = 0;
  int count = 0;
  for (const std::string& cpu : entries(root + "/sys/devices/system/cpu", "cpu"))
    if (const auto khz = number_in(cpu + "/cpufreq/scaling_cur_freq")) sum += *khz / 1e3, ++count;
  out.clock_mhz = count ? std::optional(sum / count) : clock_in_cpuinfo(root + "/proc/cpuinfo");
  return out;
}

}  // namespace verge
