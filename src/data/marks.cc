#include "data/marks.h"

#include <array>
#include <cmath>

namespace verge::data {
namespace {

Point somewhere(float margin, Random& random) { return {random.between(margin, kFrame - margin), random.between(margin, kFrame - margin)}; }
float length(Point p) { return std::sqrt(dot(p, p)); }
Point left_of(Point p) { return {-p.y, p.x}; }

struct Bow {
  Point middle, direction;
  float span;
  float bend;  // how far the middle is pulled aside, as a share of the span
};

// A bow as short straight pieces.
class Stroke {
 public:
  explicit Stroke(const Bow& bow) {
    const Point half = (bow.span / 2) * bow.direction, from = bow.middle - half, to = bow.middle + half;
    const Point bend = bow.middle + (bow.bend * bow.span) * left_of(bow.direction);
    for (size_t i = 0; i < points_.size(); ++i) {
      const float t = static_cast<float>(i) / kPieces, s = 1 - t;
      points_[i] = s * s * from + 2 * s * t * bend + t * t * to;
    }
  }

  struct Nearest {
    float distance;
    float position;  // 0 at one end, 1 at the other
  };
  Nearest nearest(Point p) const {
    Nearest best{1e9f, 0};
    for (int i = 0; i < kPieces; ++i) {
      const Point piece = points_[i + 1] - points_[i], to_p = p - points_[i];
      float t = dot(to_p, piece) / dot(piece, piece);
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      const float distance = length(to_p - t * piece);
      if (distance < best.distance) best = {distance, (static_cast<float>(i) + t) / kPieces};
    }
    return best;
  }

 private:
  static constexpr int kPieces = 12;
  std::array<Point, kPieces + 1> points_;
};

// A direction at least 25 degrees away from the grain.
Point across_the_grain(Point along, Random& random) {
  for (;;) {
    const Point direction = random_direction(random);
    const float cosine = dot(direction, along);
    if (cosine * cosine < 0.82f) return direction;
  }
}

}  // namespace

Mark make_scratch(float strength, Point along, Random& random) {
  const Stroke stroke(Bow{somewhere(16, random), across_the_grain(along, random), random.between(22, 50), random.between(-0.12f, 0.12f)});
  const float half_width = random.between(0.7f, 1.4f), depth = 1.4f * strength, bare = random.either_sign(0.35f, 0.65f) * strength;
  const uint32_t seed = static_cast<uint32_t>(random.bits());
  return [=](Point p, Texel& texel) {
    const auto [distance, position] = stroke.nearest(p);
    if (distance > 3 * half_width) return;
    const float pressure = smooth_step(0, 0.2f, position) * smooth_step(0, 0.2f, 1 - position) * (0.8f + 0.3f * noise(seed, {10 * position, 0}));
    const float groove = 1 - smooth_step(0.3f * half_width, 1.3f * half_width, distance);
    const float ridge = smooth_step(0.8f, 1.5f, distance / half_width) * (1 - smooth_step(1.5f, 2.4f, distance / half_width));
    texel.height += pressure * depth * (0.35f * ridge - groove);
    texel.albedo = (1 + pressure * bare * groove) * texel.albedo;
  };
}

Mark make_hole(float strength, Random& random) {
  const Point centre = somewhere(8, random), axis = random_direction(random);
  const float radius = random.between(1.9f, 4.4f), flat = random.between(0.75f, 1), darkness = 0.75f * strength, depth = 1.6f * strength;
  const uint32_t seed = static_cast<uint32_t>(random.bits());
  return [=](Point p, Texel& texel) {
    const Point d = p - centre, turned{dot(d, axis), dot(d, left_of(axis)) / flat};
    const float distance = length(turned) / radius + 0.12f * noise(seed, 0.8f * d);
    const float inside = 1 - smooth_step(0.7f, 1.15f, distance);
    texel.height -= depth * inside;
    texel.albedo = (1 - darkness * inside) * texel.albedo;
    texel.gloss *= 1 - inside;
  };
}

Mark make_stain(float strength, Random& random) {
  const Point centre = somewhere(12, random);
  const float radius = random.between(6, 14), ragged = random.between(0.15f, 0.45f), rim = random.between(0, 0.6f);
  const Color hue{random.between(0.45f, 0.75f), random.between(0.4f, 0.7f), random.between(0.3f, 0.65f)};
  const bool bleached = random.chance(0.25f);
  const Color tint = blend({1, 1, 1}, bleached ? Color{1.5f, 1.5f, 1.45f} : hue, strength);
  const uint32_t seed = static_cast<uint32_t>(random.bits());
  return [=](Point p, Texel& texel) {
    const Point d = p - centre;
    const float distance = length(d) / radius + ragged * fractal(seed, 0.16f * d, 3);
    const float inside = 1 - smooth_step(0.8f, 1.05f, distance), edge = inside * smooth_step(0.55f, 0.85f, distance);
    const float amount = inside * (1 - 0.4f * rim) + rim * edge;
    texel.albedo = blend(texel.albedo, tint * texel.albedo, amount);
    texel.gloss *= 1 - 0.5f * strength * inside;
  };
}

Mark make_dent(float strength, Random& random) {
  const Point centre = somewhere(11, random), axis = random_direction(random);
  const float radius = random.between(5, 11), flat = random.between(0.65f, 1), depth = (random.chance(0.8f) ? 1.0f : -1.0f) * 0.5f * strength * radius;
  return [=](Point p, Texel& texel) {
    const Point d = p - centre, turned{dot(d, axis), dot(d, left_of(axis)) / flat};
    texel.height -= depth * (1 - smooth_step(0, 1, length(turned) / radius));
  };
}

Mark make_speck(Random& random) {
  const Point centre = somewhere(1, random);
  const float radius = random.between(0.4f, 0.9f), change = random.either_sign(0.2f, 0.5f);
  return [=](Point p, Texel& texel) {
    const float inside = 1 - smooth_step(0.6f, 1.3f, length(p - centre) / radius);
    texel.albedo = (1 + change * inside) * texel.albedo;
  };
}

Mark make_hair(Random& random) {
  const Stroke stroke(Bow{somewhere(4, random), random_direction(random), random.between(4, 10), random.either_sign(0.3f, 0.8f)});
  const float change = random.either_sign(0.12f, 0.3f);
  return [=](Point p, Texel& texel) {
    const float inside = 1 - smooth_step(0.2f, 0.8f, stroke.nearest(p).distance);
    texel.albedo = (1 + change * inside) * texel.albedo;
  };
}

}  // namespace verge::data
