// Pictures from JPEG and PNG bytes. Hostile bytes give an error, never a crash; memory is bounded by kMostPixels.
#pragma once
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

inline constexpr int64_t kMostPixels = 100'000'000;

// u8[height, width, 3], RGB. Grey is spread to three channels; alpha is dropped; 16-bit PNG keeps the high byte.
// kCorrupt for bytes that are neither or are damaged.
Result<Tensor> decode_image(ByteSpan bytes);
bool looks_like_image(ByteSpan bytes);

}  // namespace verge
