#include "data/parts.h"

#include <cmath>

namespace verge::data {
namespace {

float length(Point p) { return std::sqrt(dot(p, p)); }
float size_of(float x) { return x < 0 ? -x : x; }
float larger(float a, float b) { return a > b ? a : b; }
float smaller(float a, float b) { return a < b ? a : b; }

// Shapes in a frame of their own, within a circle of radius 1: below 0 inside, above outside, roughly the distance to the rim.
using Outline = float (*)(Point);

float box(Point p, Point centre, Point half) { return larger(size_of(p.x - centre.x) - half.x, size_of(p.y - centre.y) - half.y); }

float washer(Point p) { return larger(length(p) - 1, 0.5f - length(p)); }

float nut(Point p) {
  constexpr float kRootOf3Over2 = 0.8660254f;
  float hexagon = size_of(p.y);
  for (const float x : {kRootOf3Over2, -kRootOf3Over2}) hexagon = larger(hexagon, size_of(x * p.x + 0.5f * p.y));
  return larger(hexagon - kRootOf3Over2, 0.48f - length(p));
}

float gear(Point p) {
  constexpr float kRootOfHalf = 0.70710678f;
  float rim = length(p) - 0.74f;
  for (const Point axis : {Point{1, 0}, Point{0, 1}, Point{kRootOfHalf, kRootOfHalf}, Point{kRootOfHalf, -kRootOfHalf}})
    rim = smaller(rim, box({dot(p, axis), p.y * axis.x - p.x * axis.y}, {0, 0}, {0.98f, 0.15f}));
  return larger(rim, 0.28f - length(p));
}

// From the side: head and shank.
float bolt(Point p) { return smaller(box(p, {-0.72f, 0}, {0.2f, 0.4f}), box(p, {0.2f, 0}, {0.76f, 0.18f})); }

float coin(Point p) { return length(p) - 1; }
float strip(Point p) { return box(p, {0, 0}, {0.95f, 0.2f}); }

struct Form {
  Outline outline;
  bool threaded = false;
};

Color material(Random& random) {
  if (random.chance(0.75f)) {
    const float grey = random.between(0.25f, 0.7f);
    return grey * Color{1.0f, random.between(0.9f, 1.02f), random.between(0.7f, 1.1f)};
  }
  return {random.between(0.1f, 0.7f), random.between(0.1f, 0.7f), random.between(0.1f, 0.7f)};
}

// Along the shank, a triangle of height 1 every eighth of it.
float thread(Point p) {
  const float turns = 8 * p.x, phase = turns - static_cast<float>(floor_to_int(turns));
  return p.x < -0.4f ? 0 : 2 * size_of(phase - 0.5f);
}

// What the outline covers, cut off at the edges of the picture.
Rectangle extent_of(Outline outline, Point centre, Point axis, float radius) {
  constexpr float kStep = 0.125f;
  Rectangle out{kFrame, kFrame, 0, 0};
  for (float y = larger(0, centre.y - radius); y <= smaller(kFrame, centre.y + radius); y += kStep)
    for (float x = larger(0, centre.x - radius); x <= smaller(kFrame, centre.x + radius); x += kStep) {
      const Point d = (1 / radius) * (Point{x, y} - centre);
      if (outline({dot(d, axis), d.y * axis.x - d.x * axis.y}) > 0) continue;
      out = {smaller(out.left, x), smaller(out.top, y), larger(out.right, x), larger(out.bottom, y)};
    }
  return out;
}

Part laid(const Form& form, Point centre, float radius, Random& random) {
  const Point axis = random_direction(random);
  const Color color = material(random);
  const float thickness = random.between(0.8f, 2), gloss = random.between(0.05f, 0.6f), shadow = random.between(0.1f, 0.5f), reach = random.between(0.08f, 0.25f);
  const uint32_t seed = static_cast<uint32_t>(random.bits());
  const Mark mark = [=](Point p, Texel& texel) {
    const Point away = p - centre, d = (1 / radius) * away;
    if (dot(d, d) > 1.7f) return;
    const Point own{dot(d, axis), d.y * axis.x - d.x * axis.y};
    const float rim = form.outline(own), soft = 0.3f / radius, inside = 1 - smooth_step(-soft, soft, rim);
    texel.albedo = (1 - shadow * (1 - inside) * (1 - smooth_step(0, reach, rim))) * texel.albedo;
    if (inside <= 0) return;
    const float relief = form.threaded ? thread(own) : 0, worn = 1 + 0.08f * fractal(seed, 0.5f * away, 2);
    texel.albedo = blend(texel.albedo, (worn * (1 - 0.3f * relief)) * color, inside);
    texel.height = (1 - inside) * texel.height + inside * (thickness * smooth_step(0, 0.2f, -rim) - 0.5f * relief);
    texel.gloss = (1 - inside) * texel.gloss + inside * gloss;
  };
  return {mark, extent_of(form.outline, centre, axis, radius), centre, radius};
}

}  // namespace

const char* part_name(PartKind kind) {
  constexpr const char* kNames[kPartKinds] = {"bolt", "gear", "nut", "washer"};
  return kNames[static_cast<int>(kind)];
}

Part make_part(PartKind kind, Point centre, float radius, Random& random) {
  constexpr Form kForms[kPartKinds] = {{bolt, true}, {gear}, {nut}, {washer}};
  return laid(kForms[static_cast<int>(kind)], centre, radius, random);
}

Part make_other(Point centre, float radius, Random& random) {
  const bool round = random.chance(0.5f);
  return laid({round ? coin : strip}, centre, radius, random);
}

}  // namespace verge::data
