#include "eval/wav.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

void put(Bytes& b, uint32_t v, int bytes) {
  for (int i = 0; i < bytes; ++i) b.push_back(static_cast<uint8_t>(v >> 8 * i));
}
void put(Bytes& b, const char* four) { b.insert(b.end(), four, four + 4); }

// 16-bit samples behind a chunk of odd length that says nothing.
Bytes wav(uint16_t channels, const std::vector<int16_t>& samples) {
  Bytes b;
  put(b, "RIFF"), put(b, 0, 4), put(b, "WAVE");
  put(b, "LIST"), put(b, 3, 4), put(b, 0, 4);
  put(b, "fmt "), put(b, 16, 4), put(b, 1, 2), put(b, channels, 2), put(b, 8000, 4), put(b, 0, 4), put(b, 0, 2), put(b, 16, 2);
  put(b, "data"), put(b, static_cast<uint32_t>(2 * samples.size()), 4);
  for (int16_t s : samples) put(b, static_cast<uint16_t>(s), 2);
  return b;
}

TEST(Wav, ChannelsAreMixed) {
  const auto sound = read_wav(wav(2, {16384, 0, -32768, -32768}));
  ASSERT_TRUE(sound.ok()) << sound.error().message();
  EXPECT_EQ(sound->to_doubles(), (std::vector<double>{0.25, -1}));
}

TEST(Wav, ShortSoundsStandInSilenceAndLongOnesLoseTheirEnds) {
  const auto sound = read_wav(wav(1, {16384, 16384, 8192}));
  EXPECT_EQ(centred_sound(*sound, 6).to_doubles(), (std::vector<double>{0, 0.5, 0.5, 0.25, 0, 0}));
  EXPECT_EQ(centred_sound(*sound, 1).to_doubles(), (std::vector<double>{0.5}));
}

TEST(Wav, EveryTruncationIsRefused) {
  const Bytes whole = wav(1, {1, 2, 3});
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(read_wav(ByteSpan(whole).first(n)).ok()) << n;
}

TEST(Wav, AnUnknownEncodingIsNamed) {
  Bytes b = wav(1, {1});
  b[32] = 7;
  const auto sound = read_wav(b);
  ASSERT_FALSE(sound.ok());
  EXPECT_EQ(sound.error().message(), "a sound file of encoding 7, 16 bits, 1 channels; 8- and 16-bit integers and 32-bit floats are read");
}

}  // namespace
}  // namespace verge
