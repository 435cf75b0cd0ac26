// Surfaces as an inspection camera sees them, before light: what a point reflects, how high it lies, how it shines.
//
// Lengths are in reference pixels: a picture shows 64 x 64 of them whatever its size.
#pragma once
#include <functional>

#include "data/noise.h"
#include "data/random.h"

namespace verge::data {

inline constexpr float kFrame = 64;  // the side of what a picture shows

struct Color {
  float r, g, b;
};
inline Color operator*(float s, Color c) { return {s * c.r, s * c.g, s * c.b}; }
inline Color operator*(Color a, Color b) { return {a.r * b.r, a.g * b.g, a.b * b.b}; }
inline Color operator+(Color a, Color b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
inline Color blend(Color a, Color b, float t) { return (1 - t) * a + t * b; }

struct Texel {
  Color albedo;  // the share of light that is sent back, linear
  float height;
  float gloss;
};

using Surface = std::function<Texel(Point)>;
// A mark changes the surface where it lies.
using Mark = std::function<void(Point, Texel&)>;

enum class SurfaceKind { kBrushedMetal, kCastIron, kWovenFabric, kGrainedPlastic, kWood };
inline constexpr int kSurfaceKinds = 5;

// A direction drawn evenly from the circle.
Point random_direction(Random& random);

// A surface whose colours, scales and orientation are drawn from `random`. `along` is the direction of its grain.
Surface make_surface(SurfaceKind kind, Point along, Random& random);

}  // namespace verge::data
