// Spoken keywords, a second at 8 kHz each, with the truth known. Voices of espeak-ng speak them: another program, looked up in PATH and never linked
// (Debian: apt-get install espeak-ng), so what a set holds is the same for the same seed and the same version of that program.
//
//   yes no up down left right on off stop go   the ten commands of Speech Commands (Warden 2018)
//   unknown                                    other words
//   silence                                    a room where nobody speaks
//
// Accent, speaker, speed, pitch, loudness, room, place within the second and noise differ from recording to recording.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::data {

inline constexpr int kKeywordFrequency = 8000;      // samples a second
inline constexpr int kKeywordSamples = 8000;        // of a recording
const std::vector<std::string>& keyword_classes();  // those above, "silence" last

struct KeywordOptions {
  std::string speaker = "espeak-ng";  // the program
  bool held_out = false;              // speakers, and unknown words, that a set without this never has
};

// Values from -1 to 1. kNotFound without the program, in words that say how to install it; kIo where it fails.
Result<std::vector<float>> make_keyword(const std::string& kind, uint64_t seed, const KeywordOptions& options);

// Writes `count` recordings, the classes in turn, as DIR/class/NNNN.wav (16 bits, one channel), and makes the folders. Different seeds share no recording.
// `progress`, where given, hears how many are written.
//
// Fails as make_keyword does, with kInvalidArgument for a count out of range, and with kIo when a file cannot be written.
Result<void> write_keyword_set(const std::string& dir, int count, uint64_t seed, const KeywordOptions& options,
                               const std::function<void(int done)>& progress = {});

}  // namespace verge::data
