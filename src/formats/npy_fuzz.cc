#include "formats/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)verge::formats::read_npy({data, size});
  (void)verge::formats::read_npz({data, size});
  return 0;
}
