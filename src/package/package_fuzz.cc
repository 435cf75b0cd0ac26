// Hostile packages: open, find and verify stay inside the bytes.
#include <cstdlib>
#include <cstring>

#include "package/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace verge;
  void* bytes = std::aligned_alloc(package::kAlignment, (size / package::kAlignment + 1) * package::kAlignment);
  std::memcpy(bytes, data, size);
  package::Reader reader;
  if (package::Reader::open(bytes, size, &reader).ok()) {
    uint32_t bad = 0;
    (void)reader.verify(&bad).ok();
    (void)reader.find(package::Kind::kGolden);
  }
  std::free(bytes);
  return 0;
}
