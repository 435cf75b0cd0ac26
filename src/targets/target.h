// What a device can do, as data with its source. Nothing here runs code on it: figures made from a profile are estimates and say so.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace verge {

enum class TargetKind : uint8_t { kMicrocontroller, kLinuxBoard, kPhone, kAccelerator, kDesktop };
const char* target_kind_name(TargetKind kind);

struct Target {
  const char* name;         // as --target takes it
  const char* description;
  TargetKind kind;
  const char* cpu;
  int cores;
  int clock_mhz;
  double ram_mb;            // what a model may hope for is less
  double flash_mb;          // 0: a file system
  double f32_macs_per_cycle;   // of one core, sustained by dense kernels; 0: no floating-point unit worth using
  double int8_macs_per_cycle;  // likewise
  double memory_gb_s;       // main memory, all cores
  double active_w;          // one core or the accelerator at work; 0: unknown
  double idle_w;
  const char* rules;        // what an operator must keep to there
  const char* source;       // where the figures come from
};

std::span<const Target> all_targets();
// kInvalidArgument lists the names.
Result<const Target*> find_target(std::string_view name);
Json target_json(const Target& target);

// A roofline: the slower of arithmetic and memory at half of the sustained peaks, on one core. An estimate, to be labelled as one.
struct Estimate {
  double latency_ms = 0;
  double energy_mj = 0;  // 0 when the profile has no power
};
Estimate estimate(const Target& target, int64_t f32_macs, int64_t int8_macs, int64_t bytes_moved);

}  // namespace verge
