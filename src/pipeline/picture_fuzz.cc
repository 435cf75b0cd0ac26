// Hostile pictures: decoding ends in a picture or in words.
#include "pipeline/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)verge::decode_image({data, size}).ok();
  return 0;
}
