// Softmax along the last axis on the device.
#pragma once
#include <cstdint>

namespace verge::exec {

enum class SoftmaxFunction : uint32_t { kSoftmax, kLogSoftmax, kCount };
struct SoftmaxF32Attrs {
  uint32_t function = 0;
};

// Inputs x and the table of exponentials, at most [256] i32 (kernels/softmax_i8).
struct SoftmaxI8Attrs {
  uint32_t reserved = 0;
};

}  // namespace verge::exec
