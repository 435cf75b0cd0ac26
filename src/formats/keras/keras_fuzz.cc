#include "formats/keras/keras.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)verge::formats::keras::import_h5({data, size}, {});
  (void)verge::formats::keras::import_archive({data, size}, {});
  return 0;
}
