// A telemetry ring over hostile files: whatever lies there, it opens, its records come in order, and a new one is numbered above them all.
//
// The input is cut at 0xff: the file of what was acknowledged, then the files of records.
#include <cstdlib>

#include "os/model_disk.h"
#include "agent/telemetry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace verge;
  ModelDisk disk;
  const uint8_t* const end = data + size;
  for (int file = 0; data < end && file < 4; ++file) {
    const uint8_t* const cut = std::find(data, end, 0xff);
    const char* const names[] = {"acknowledged", "records-0000000000000000", "records-0000000000000003", "records-9007199254740991"};
    (void)disk.write(names[file], {data, static_cast<size_t>(cut - data)}).ok();
    data = cut + (cut != end);
  }
  auto ring = agent::TelemetryRing::open(disk, {100, 4});
  if (!ring.ok()) std::abort();
  const auto number = ring->add({{"value", 1}});
  const auto waiting = ring->waiting(1000);
  if (!number.ok() || !waiting.ok()) std::abort();
  int64_t last = -1;
  for (const Json& record : *waiting) {
    const int64_t sequence = record["sequence"];
    if (sequence < 0) std::abort();
    last = std::max(last, sequence);
  }
  if (last > *number || !ring->acknowledge(std::max(last, *number)).ok() || !ring->waiting(1000)->empty()) std::abort();
  return 0;
}
