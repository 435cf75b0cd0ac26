#include "train/augment.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

namespace verge::train {
namespace {

// to(y, x) = from(where(y, x)); outside: fill.
template <typename Where> void resample(const PictureSize& s, const uint8_t* from, uint8_t* to, uint8_t fill, const Where& where) {
  const auto channels = static_cast<size_t>(s.channels);
  for (int y = 0; y < s.height; ++y)
    for (int x = 0; x < s.width; ++x, to += channels) {
      const auto [iy, ix] = where(y, x);
      if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) std::memset(to, fill, channels);
      else std::memcpy(to, from + (static_cast<size_t>(iy) * static_cast<size_t>(s.width) + static_cast<size_t>(ix)) * channels, channels);
    }
}

// Where a pixel of the changed picture comes from: crop, then turn, then flips.
struct Motion {
  int dy = 0, dx = 0, turns = 0;
  bool flip = false, flip_vertical = false;
  bool none() const { return dy == 0 && dx == 0 && turns == 0 && !flip && !flip_vertical; }

  std::pair<int, int> operator()(const PictureSize& s, int y, int x) const {
    if (flip) x = s.width - 1 - x;
    if (flip_vertical) y = s.height - 1 - y;
    for (int i = 0; i < turns; ++i) std::tie(y, x) = std::pair(x, s.height - 1 - y);
    return {y + dy, x + dx};
  }
};

int within(Random& random, int most) { return static_cast<int>(random.below(static_cast<uint64_t>(2 * most + 1))) - most; }

Motion draw_motion(const Augmentation& a, const PictureSize& s, Random& random) {
  Motion m;
  if (a.crop > 0) m.dy = within(random, a.crop), m.dx = within(random, a.crop);
  if (a.turn && s.height == s.width) m.turns = static_cast<int>(random.below(4));
  if (a.flip) m.flip = random.chance(0.5);
  if (a.flip_vertical) m.flip_vertical = random.chance(0.5);
  return m;
}

uint8_t byte(double v) { return static_cast<uint8_t>(std::clamp(v + 0.5, 0.0, 255.0)); }

void change_colours(const Augmentation& a, const PictureSize& s, Random& random, uint8_t* picture) {
  const double gain = 1 + random.uniform(-a.contrast, a.contrast), shift = 255 * random.uniform(-a.brightness, a.brightness) + 127.5 * (1 - gain);
  const double grey_share = s.channels == 3 ? random.uniform(0, a.saturation) : 0;
  const size_t pixels = static_cast<size_t>(s.height) * static_cast<size_t>(s.width), channels = static_cast<size_t>(s.channels);
  for (size_t i = 0; i < pixels; ++i, picture += channels) {
    const double grey = grey_share > 0 ? 0.299 * picture[0] + 0.587 * picture[1] + 0.114 * picture[2] : 0;
    for (size_t c = 0; c < channels; ++c) picture[c] = byte((picture[c] + grey_share * (grey - picture[c])) * gain + shift);
  }
}

void cut_out(const Augmentation& a, const PictureSize& s, Random& random, uint8_t* picture) {
  const int top = static_cast<int>(random.below(static_cast<uint64_t>(s.height))) - a.cutout / 2, left = static_cast<int>(random.below(static_cast<uint64_t>(s.width))) - a.cutout / 2;
  const int first = std::max(0, left), last = std::min(s.width, left + a.cutout);
  for (int y = std::max(0, top); y < std::min(s.height, top + a.cutout); ++y)
    std::memset(picture + static_cast<size_t>((y * s.width + first) * s.channels), a.fill, static_cast<size_t>((last - first) * s.channels));
}

}  // namespace

void augment(const Augmentation& a, const PictureSize& s, Random random, uint8_t* picture, uint8_t* spare) {
  const Motion motion = draw_motion(a, s, random);
  if (!motion.none()) {
    std::memcpy(spare, picture, s.bytes());
    resample(s, spare, picture, a.fill, [&](int y, int x) { return motion(s, y, x); });
  }
  if (a.brightness > 0 || a.contrast > 0 || a.saturation > 0) change_colours(a, s, random, picture);
  if (a.cutout > 0) cut_out(a, s, random, picture);
}

bool changes_sounds(const Augmentation& a) { return a.shift > 0 || a.loudness > 0 || a.noise > 0; }

void augment_sound(const Augmentation& a, size_t count, Random random, float* sound, float* spare) {
  const int by = a.shift > 0 ? within(random, a.shift) : 0;
  const float gain = static_cast<float>(1 + random.uniform(-a.loudness, a.loudness));
  const double noise = random.uniform(0, a.noise);
  std::memcpy(spare, sound, count * sizeof(float));
  for (size_t i = 0; i < count; ++i) {
    const int64_t from = static_cast<int64_t>(i) - by;
    const float value = from >= 0 && from < static_cast<int64_t>(count) ? spare[from] : 0;
    sound[i] = gain * value + (noise > 0 ? static_cast<float>(noise * random.normal()) : 0.0f);
  }
}

}  // namespace verge::train
