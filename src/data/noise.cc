#include "data/noise.h"

#include "data/random.h"

namespace verge::data {

float lattice(uint32_t seed, int x, int y) {
  const uint64_t cell = static_cast<uint64_t>(static_cast<uint32_t>(x)) << 32 | static_cast<uint32_t>(y);
  return static_cast<float>(mix(cell ^ mix(seed)) >> 40) * 0x1p-23f - 1.0f;
}

float noise(uint32_t seed, Point p) {
  const int x = floor_to_int(p.x), y = floor_to_int(p.y);
  const float tx = smooth_step(0, 1, p.x - static_cast<float>(x)), ty = smooth_step(0, 1, p.y - static_cast<float>(y));
  const float a = lattice(seed, x, y), b = lattice(seed, x + 1, y), c = lattice(seed, x, y + 1), d = lattice(seed, x + 1, y + 1);
  const float top = a + tx * (b - a), bottom = c + tx * (d - c);
  return top + ty * (bottom - top);
}

float fractal(uint32_t seed, Point p, int octaves) {
  float sum = 0, weight = 0.5f;
  for (int i = 0; i < octaves; ++i, weight *= 0.5f) {
    sum += weight * noise(seed + static_cast<uint32_t>(i), p);
    p = 2.0f * p + Point{0.37f, 0.71f};
  }
  return sum;
}

}  // namespace verge::data
