// Hostile answers: a head within its bounds, or an error.
#include <cstdlib>

#include "agent/http_head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto head = verge::agent::parse_http_head({reinterpret_cast<const char*>(data), size});
  if (!head.ok()) return 0;
  const bool bounded = head->status >= 100 && head->status <= 599 && head->length >= -1 && head->retry_after_s >= 0 && head->retry_after_s <= 3600;
  if (!bounded || head->etag.size() > size) std::abort();
  return 0;
}
