// Smooth random fields over the plane, made of + - * / alone so that they are equal to the bit on every machine.
#pragma once
#include <cstdint>

namespace verge::data {

struct Point {
  float x, y;
};
inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline Point operator*(float s, Point a) { return {s * a.x, s * a.y}; }
inline float dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }

// 0 up to `low`, 1 from `high`, a cubic between.
inline float smooth_step(float low, float high, float x) {
  float t = (x - low) / (high - low);
  t = t < 0 ? 0 : t > 1 ? 1 : t;
  return t * t * (3 - 2 * t);
}

// The largest integer that is not greater; |x| < 2^31.
inline int floor_to_int(float x) {
  const int i = static_cast<int>(x);
  return i - (static_cast<float>(i) > x);
}

// A value in [-1, 1) that belongs to a lattice point.
float lattice(uint32_t seed, int x, int y);
// Value noise in [-1, 1], with features about one unit wide.
float noise(uint32_t seed, Point p);
// A sum of octaves, each twice as fine and half as high as the one before; roughly in [-1, 1].
float fractal(uint32_t seed, Point p, int octaves);

}  // namespace verge::data
