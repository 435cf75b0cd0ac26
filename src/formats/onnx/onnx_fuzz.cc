#include "formats/onnx/onnx.h"
#include "formats/onnx/tensor_pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  verge::formats::ImportOptions options;
  options.max_computed_bytes = 1 << 20;
  (void)verge::formats::onnx::import({data, size}, options);
  (void)verge::formats::onnx::read_tensor_pb({data, size});
  return 0;
}
