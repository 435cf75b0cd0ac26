#include "formats/state/state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)verge::formats::read_state({data, size});
  return 0;
}
