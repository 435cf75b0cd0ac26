// Matrix times constant weights.
//
//   dense_f32   in: x [.., k], weights, bias     packed by kernels/gemm/pack_f32.h
#pragma once

namespace verge::exec {

struct DenseF32Attrs {
  float clamp_min = 0, clamp_max = 0;
};

}  // namespace verge::exec
