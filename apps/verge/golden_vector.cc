#include "verge/golden_vector.h"

namespace verge::cli {

Result<GoldenVector> golden_vector(Executable& executable) {
  GoldenVector out;
  for (size_t i = 0; i < executable.input_count(); ++i) {
    const TensorView in = executable.model().input(i);
    if (in.dtype != DataType::kF32 && in.dtype != DataType::kU8 && in.dtype != DataType::kI8)
      return unsupported(std::string("--golden: input '") + executable.model().input_name(i) + "' is " + dtype_name(in.dtype) +
                         "; f32, u8 and i8 can be made up");
    out.inputs.push_back(seeded_tensor(in.dtype, in.shape, 1));
  }
  VERGE_TRY(out.outputs, executable.run(out.inputs));
  return out;
}

}  // namespace verge::cli
