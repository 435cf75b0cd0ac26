// Hostile check-ins: a report or an error, within its bounds.
#include <cstdlib>
#include <string>

#include "fleet/api.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto report = verge::fleet::parse_report(std::string(reinterpret_cast<const char*>(data), size));
  if (report.ok() && (report->telemetry.size() > 256 || report->reason.size() > 512)) std::abort();
  return 0;
}
