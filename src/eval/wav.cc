#include "eval/wav.h"

#include <algorithm>
#include <cstring>

namespace verge {
namespace {

constexpr size_t kRiff = 12, kChunk = 8, kFormat = 16;
constexpr uint16_t kIntegers = 1, kFloats = 3, kExtensible = 0xfffe;

template <typename T> T number(const uint8_t* at) {
  T v;
  std::memcpy(&v, at, sizeof(v));
  return v;
}

struct Format {
  uint16_t encoding = 0, channels = 0, bits = 0;
  uint32_t rate = 0;
  size_t frame_bytes() const { return size_t{channels} * bits / 8; }
  bool known() const { return channels > 0 && ((encoding == kIntegers && (bits == 8 || bits == 16)) || (encoding == kFloats && bits == 32)); }
};

float sample_at(const Format& f, const uint8_t* at) {
  if (f.bits == 8) return (static_cast<float>(*at) - 128) / 128;
  return f.bits == 16 ? static_cast<float>(number<int16_t>(at)) / 32768 : number<float>(at);
}

Tensor mixed(const Format& f, ByteSpan data) {
  const size_t frames = data.size() / f.frame_bytes();
  Tensor out(DataType::kF32, {static_cast<int32_t>(frames)});
  for (size_t i = 0; i < frames; ++i) {
    float sum = 0;
    for (size_t c = 0; c < f.channels; ++c) sum += sample_at(f, data.data() + i * f.frame_bytes() + c * f.bits / 8);
    out.mut<float>()[i] = sum / static_cast<float>(f.channels);
  }
  return out;
}

}  // namespace

bool looks_like_wav(ByteSpan b) { return b.size() >= kRiff && std::memcmp(b.data(), "RIFF", 4) == 0 && std::memcmp(b.data() + 8, "WAVE", 4) == 0; }

Result<Sound> read_sound(ByteSpan bytes) {
  if (!looks_like_wav(bytes)) return corrupt("no RIFF WAVE file");
  Format format;
  for (size_t at = kRiff; at + kChunk <= bytes.size();) {
    const uint8_t* chunk = bytes.data() + at;
    const size_t size = number<uint32_t>(chunk + 4), left = bytes.size() - at - kChunk;
    if (std::memcmp(chunk, "fmt ", 4) == 0) {
      if (size < kFormat || left < kFormat) return corrupt("the sound file's format is cut short");
      format = {number<uint16_t>(chunk + 8), number<uint16_t>(chunk + 10), number<uint16_t>(chunk + 22), number<uint32_t>(chunk + 12)};
      if (format.encoding == kExtensible && size >= 26 && left >= 26) format.encoding = number<uint16_t>(chunk + 32);
      if (!format.known())
        return unsupported("a sound file of encoding " + std::to_string(format.encoding) + ", " + std::to_string(format.bits) + " bits, " + std::to_string(format.channels) +
                           " channels; 8- and 16-bit integers and 32-bit floats are read");
    } else if (std::memcmp(chunk, "data", 4) == 0) {
      if (!format.known()) return corrupt("the sound file has samples before their format");
      if (size > left) return corrupt("the sound file is cut short: " + std::to_string(left) + " of " + std::to_string(size) + " bytes of samples");
      return Sound{mixed(format, bytes.subspan(at + kChunk, size)), static_cast<int>(std::min(format.rate, 1'000'000'000u))};
    }
    if (size > left) break;
    at += kChunk + size + size % 2;
  }
  return corrupt("the sound file holds no samples");
}

Result<Tensor> read_wav(ByteSpan bytes) {
  VERGE_TRY(Sound sound, read_sound(bytes));
  return std::move(sound.samples);
}

Tensor centred_sound(const Tensor& sound, size_t count) {
  Tensor out(DataType::kF32, {static_cast<int32_t>(count)});
  const auto have = static_cast<size_t>(sound.count()), copied = std::min(have, count);
  std::copy_n(sound.values<float>().data() + (have - copied) / 2, copied, out.mut<float>().data() + (count - copied) / 2);
  return out;
}

}  // namespace verge
