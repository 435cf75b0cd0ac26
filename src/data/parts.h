// Small machine parts as they lie on a surface: what a detector is to find, and what it is to leave alone. Lengths in reference pixels (data/surface.h).
#pragma once
#include "data/surface.h"

namespace verge::data {

enum class PartKind : uint8_t { kBolt, kGear, kNut, kWasher };
inline constexpr int kPartKinds = 4;
const char* part_name(PartKind kind);  // "bolt", ...

struct Rectangle {
  float left, top, right, bottom;
};

// A thing on the surface: what it does there, and how far it reaches.
struct Part {
  Mark mark;
  Rectangle extent;
  Point centre;
  float radius;  // nothing of it is further from its centre
};

Part make_part(PartKind kind, Point centre, float radius, Random& random);
// Of the same materials, but none of the parts: a coin without a hole or a strip.
Part make_other(Point centre, float radius, Random& random);

}  // namespace verge::data
