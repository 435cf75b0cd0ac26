// Sound files: RIFF WAVE with 8- or 16-bit integers or 32-bit floats.
#pragma once
#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

bool looks_like_wav(ByteSpan bytes);

// f32 [samples] in [-1, 1], the mean of all channels. kCorrupt for damaged bytes; kUnsupported for other encodings.
Result<Tensor> read_wav(ByteSpan bytes);

// The middle `count` samples, or all with silence around.
Tensor centred_sound(const Tensor& sound, size_t count);

}  // namespace verge
