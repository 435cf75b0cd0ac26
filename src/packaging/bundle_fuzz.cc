// Hostile bundles: opening ends and stays inside the bytes and the memory that their size allows.
#include "packaging/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)verge::open_bundle({data, size}).ok();
  return 0;
}
