#include "formats/tflite/tflite.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  verge::formats::ImportOptions options;
  options.max_computed_bytes = 1 << 24;
  (void)verge::formats::tflite::import({data, size}, options);
  return 0;
}
