// Sound files: RIFF WAVE with 8- or 16-bit integers or 32-bit floats.
#pragma once
#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

bool looks_like_wav(ByteSpan bytes);

struct Sound {
  Tensor samples;  // f32 [n] in [-1, 1], the mean of all channels
  int rate = 0;    // samples a second
};
// kCorrupt for damaged bytes; kUnsupported for other encodings.
Result<Sound> read_sound(ByteSpan bytes);
// Its samples.
Result<Tensor> read_wav(ByteSpan bytes);

// The middle `count` samples, or all with silence around.
Tensor centred_sound(const Tensor& sound, size_t count);

}  // namespace verge
