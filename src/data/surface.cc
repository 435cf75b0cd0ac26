#include "data/surface.h"

#include <cmath>

namespace verge::data {
namespace {

uint32_t new_seed(Random& random) { return static_cast<uint32_t>(random.bits()); }

// Coordinates along and across the grain.
Point turned(Point p, Point along) { return {dot(p, along), p.y * along.x - p.x * along.y}; }
float fraction(float x) { return x - static_cast<float>(floor_to_int(x)); }

Surface brushed_metal(Point along, Random& random) {
  const uint32_t seed = new_seed(random);
  const float grey = random.between(0.32f, 0.6f), relief = random.between(0.02f, 0.08f), streak = random.between(0.03f, 0.1f);
  const float length = random.between(14, 40), width = random.between(0.6f, 1.4f), gloss = random.between(0.15f, 0.45f);
  const Color tint{1.0f, random.between(0.95f, 1.03f), random.between(0.85f, 1.1f)};
  return [=](Point p) {
    const Point q = turned(p, along);
    const float fine = fractal(seed, {q.x / length, q.y / width}, 2), coarse = fractal(seed + 7, {q.x / 60, q.y / 6}, 2);
    return Texel{grey * (1 + streak * fine + 0.06f * coarse) * tint, relief * fine, gloss * (1 + 0.3f * fine)};
  };
}

Surface cast_iron(Point, Random& random) {
  const uint32_t seed = new_seed(random);
  const float grey = random.between(0.16f, 0.34f), relief = random.between(0.25f, 0.6f), scale = random.between(1.8f, 3.6f);
  const float pitted = random.between(0.35f, 0.55f), gloss = random.between(0.02f, 0.12f);
  const Color tint{random.between(0.98f, 1.08f), 1.0f, random.between(0.94f, 1.06f)};
  return [=](Point p) {
    const float rough = fractal(seed, (1 / scale) * p, 3), cloud = fractal(seed + 9, (1 / 14.0f) * p, 2);
    const float pit = smooth_step(pitted, pitted + 0.3f, noise(seed + 17, (1 / 1.7f) * p));
    return Texel{grey * (1 + 0.22f * rough + 0.1f * cloud - 0.25f * pit) * tint, relief * rough - 0.4f * pit, gloss};
  };
}

// Warp over weft in a plain weave; threads are round, and each has a shade of its own.
Surface woven_fabric(Point along, Random& random) {
  const uint32_t seed = new_seed(random);
  const float pitch = random.between(2.6f, 4.6f), relief = random.between(0.3f, 0.7f), uneven = random.between(0.03f, 0.12f);
  const Color base{random.between(0.12f, 0.5f), random.between(0.12f, 0.5f), random.between(0.12f, 0.5f)};
  const Color weft_color = random.between(0.8f, 1.15f) * base;
  return [=](Point p) {
    const Point q = (1 / pitch) * (turned(p, along) + Point{0.5f * noise(seed + 3, (1 / 9.0f) * p), 0.5f * noise(seed + 4, (1 / 9.0f) * p)});
    const int column = floor_to_int(q.x), row = floor_to_int(q.y);
    const bool warp_above = ((column + row) & 1) == 0;
    const float u = fraction(q.x), v = fraction(q.y), across = warp_above ? u : v, lengthwise = warp_above ? v : u;
    const float round = 4 * across * (1 - across), over = 4 * lengthwise * (1 - lengthwise);
    const float shade = 1 + uneven * (warp_above ? lattice(seed, column, 0) : lattice(seed, 0, row)) + 0.06f * fractal(seed + 5, 1.3f * p, 2);
    return Texel{(0.55f + 0.45f * round) * shade * (warp_above ? base : weft_color), relief * round * (0.5f + 0.5f * over), 0.02f};
  };
}

Surface grained_plastic(Point, Random& random) {
  const uint32_t seed = new_seed(random);
  const float relief = random.between(0.1f, 0.35f), scale = random.between(1.2f, 2.4f), gloss = random.between(0.05f, 0.25f);
  const Color color{random.between(0.08f, 0.6f), random.between(0.08f, 0.6f), random.between(0.08f, 0.6f)};
  return [=](Point p) {
    const float grain = noise(seed, (1 / scale) * p), cell = grain * grain * (grain < 0 ? -1.0f : 1.0f);
    return Texel{(1 + 0.05f * cell + 0.05f * fractal(seed + 5, (1 / 20.0f) * p, 2)) * color, relief * cell, gloss};
  };
}

Surface wood(Point along, Random& random) {
  const uint32_t seed = new_seed(random);
  const float ring = random.between(5, 11), bend = random.between(0.3f, 0.9f), contrast = random.between(0.12f, 0.35f), light = random.between(0.22f, 0.5f);
  const Color tint{1.0f, random.between(0.66f, 0.8f), random.between(0.36f, 0.56f)};
  const float gloss = random.between(0.02f, 0.15f);
  return [=](Point p) {
    const Point q = turned(p, along);
    const float t = fraction(q.y / ring + bend * fractal(seed, {q.x / 40, q.y / 14}, 2));
    const float late = smooth_step(0.15f, 0.85f, t) * (1 - smooth_step(0.88f, 1, t));
    const float fibre = fractal(seed + 5, {q.x / 12, q.y / 0.8f}, 2);
    return Texel{light * (1 - contrast * late + 0.12f * fibre) * tint, 0.06f * fibre + 0.08f * late, gloss};
  };
}

}  // namespace

Point random_direction(Random& random) {
  for (;;) {
    const Point p{random.between(-1, 1), random.between(-1, 1)};
    const float square = dot(p, p);
    if (square > 0.01f && square <= 1) return (1 / std::sqrt(square)) * p;
  }
}

Surface make_surface(SurfaceKind kind, Point along, Random& random) {
  switch (kind) {
    case SurfaceKind::kBrushedMetal: return brushed_metal(along, random);
    case SurfaceKind::kCastIron: return cast_iron(along, random);
    case SurfaceKind::kWovenFabric: return woven_fabric(along, random);
    case SurfaceKind::kGrainedPlastic: return grained_plastic(along, random);
    case SurfaceKind::kWood: break;
  }
  return wood(along, random);
}

}  // namespace verge::data
