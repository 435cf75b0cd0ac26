// Sound files as generators write them and speech synthesisers give them: RIFF WAVE, 16 bits, one channel.
#pragma once
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::data {

// Samples from -1 to 1; what is beyond is cut.
Bytes wav_of(const std::vector<float>& samples, int rate);

struct Recording {
  std::vector<float> samples;  // from -1 to 1
  int rate = 0;                // a second
};
// Of a stream, whose header does not know its length: samples go on to the end. kCorrupt for anything but 16 bits and one channel.
Result<Recording> streamed_wav(ByteSpan bytes);

}  // namespace verge::data
