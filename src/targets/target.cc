#include "targets/target.h"

#include <algorithm>
#include <vector>

#include "core/text.h"

namespace verge {
namespace {

using enum TargetKind;
constexpr Target kTargets[] = {
#define VERGE_TARGET(...) {__VA_ARGS__},
#include "targets/targets.inc"
#undef VERGE_TARGET
};

constexpr double kSustained = 0.5;  // share of the peak that whole networks reach; docs/targets.md

}  // namespace

const char* target_kind_name(TargetKind kind) {
  constexpr const char* kNames[] = {"microcontroller", "linux board", "phone", "accelerator", "desktop"};
  return kNames[static_cast<size_t>(kind)];
}

std::span<const Target> all_targets() { return kTargets; }

Result<const Target*> find_target(std::string_view name) {
  const auto it = std::find_if(std::begin(kTargets), std::end(kTargets), [&](const Target& t) { return name == t.name; });
  if (it != std::end(kTargets)) return &*it;
  std::vector<std::string> names;
  for (const Target& t : kTargets) names.emplace_back(t.name);
  return invalid("no target '" + std::string(name) + "'; there are host, " + join(names, ", "));
}

Json target_json(const Target& t) {
  return {{"name", t.name},
          {"description", t.description},
          {"kind", target_kind_name(t.kind)},
          {"cpu", t.cpu},
          {"cores", t.cores},
          {"clock_mhz", t.clock_mhz},
          {"ram_mb", t.ram_mb},
          {"flash_mb", t.flash_mb > 0 ? Json(t.flash_mb) : Json()},
          {"f32_macs_per_cycle", t.f32_macs_per_cycle},
          {"int8_macs_per_cycle", t.int8_macs_per_cycle},
          {"memory_gb_s", t.memory_gb_s},
          {"active_w", t.active_w > 0 ? Json(t.active_w) : Json()},
          {"idle_w", t.idle_w},
          {"rules", t.rules},
          {"source", t.source}};
}

Estimate estimate(const Target& t, int64_t f32_macs, int64_t int8_macs, int64_t bytes_moved) {
  const double hz = t.clock_mhz * 1e6 * kSustained;
  // Without a floating-point unit a multiply-accumulate in software costs about a hundred cycles.
  const double f32_rate = t.f32_macs_per_cycle > 0 ? t.f32_macs_per_cycle : 0.01;
  const double compute_s = static_cast<double>(f32_macs) / (hz * f32_rate) + static_cast<double>(int8_macs) / (hz * t.int8_macs_per_cycle);
  const double memory_s = static_cast<double>(bytes_moved) / (t.memory_gb_s * 1e9 * kSustained);
  const double seconds = std::max(compute_s, memory_s);
  return {seconds * 1e3, seconds * t.active_w * 1e3};
}

}  // namespace verge
