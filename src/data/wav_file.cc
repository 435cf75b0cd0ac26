#include "data/wav_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace verge::data {
namespace {

constexpr size_t kHeader = 44, kSampleBytes = 2;
constexpr float kScale = 32767;

void put(Bytes& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> 8 * i));
}

uint32_t number(ByteSpan bytes, size_t at, int size) {
  uint32_t value = 0;
  for (int i = 0; i < size; ++i) value |= static_cast<uint32_t>(bytes[at + static_cast<size_t>(i)]) << 8 * i;
  return value;
}

bool says(ByteSpan bytes, size_t at, const char* four) { return std::memcmp(bytes.data() + at, four, 4) == 0; }

}  // namespace

Bytes wav_of(const std::vector<float>& samples, int rate) {
  Bytes out;
  const auto name = [&](const char* four) { out.insert(out.end(), four, four + 4); };
  const auto bytes = static_cast<uint32_t>(kSampleBytes * samples.size()), a_second = static_cast<uint32_t>(rate);
  name("RIFF"), put(out, 36 + bytes, 4), name("WAVE"), name("fmt "), put(out, 16, 4), put(out, 1, 2), put(out, 1, 2);
  put(out, a_second, 4), put(out, 2 * a_second, 4), put(out, 2, 2), put(out, 16, 2), name("data"), put(out, bytes, 4);
  for (float s : samples) put(out, static_cast<uint32_t>(std::lround(std::clamp(s, -1.0f, 1.0f) * kScale)), 2);
  return out;
}

Result<Recording> streamed_wav(ByteSpan bytes) {
  if (bytes.size() < kHeader || !says(bytes, 0, "RIFF") || !says(bytes, 8, "WAVE") || !says(bytes, 36, "data"))
    return corrupt("no RIFF WAVE stream of " + std::to_string(kHeader) + " bytes and samples");
  if (number(bytes, 20, 2) != 1 || number(bytes, 22, 2) != 1 || number(bytes, 34, 2) != 16)
    return corrupt("a stream of encoding " + std::to_string(number(bytes, 20, 2)) + ", " + std::to_string(number(bytes, 22, 2)) + " channels, " +
                   std::to_string(number(bytes, 34, 2)) + " bits; wanted integers of 16 bits, one channel");
  Recording out;
  out.rate = static_cast<int>(number(bytes, 24, 4));
  for (size_t at = kHeader; at + kSampleBytes <= bytes.size(); at += kSampleBytes)
    out.samples.push_back(static_cast<float>(static_cast<int16_t>(number(bytes, at, 2))) / kScale);
  return out;
}

}  // namespace verge::data
