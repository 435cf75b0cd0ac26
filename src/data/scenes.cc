#include "data/scenes.h"

#include <cmath>

#include "core/text.h"
#include "data/camera.h"
#include "data/marks.h"
#include "os/file.h"

namespace verge::data {
namespace {

constexpr int kMostPictures = 1'000'000, kMostObjects = 6, kTries = 40;
constexpr float kSmallest = 5, kLargest = 15;  // radii

struct Place {
  Point centre;
  float radius;
};

// Where nothing lies yet; parts may touch. False where the surface is full.
bool find_place(const std::vector<Part>& there, Random& random, Place& place) {
  for (int i = 0; i < kTries; ++i) {
    const float radius = random.between(kSmallest, kLargest), margin = 0.5f * radius;
    const Point centre{random.between(margin, kFrame - margin), random.between(margin, kFrame - margin)};
    bool free = true;
    for (const Part& p : there) {
      const Point d = p.centre - centre;
      free = free && std::sqrt(dot(d, d)) > 0.85f * (p.radius + radius);
    }
    place = {centre, radius};
    if (free) return true;
  }
  return false;
}

std::vector<Mark> make_marks(const std::vector<Part>& parts, Random& random) {
  std::vector<Mark> marks;
  for (int dust = random.below(4); dust > 0; --dust) marks.push_back(make_speck(random));
  for (int dust = random.below(3); dust > 0; --dust) marks.push_back(make_hair(random));
  for (const Part& p : parts) marks.push_back(p.mark);
  return marks;
}

// "class x y width height" a line.
std::string label_lines(const std::vector<SceneObject>& objects) {
  std::string out;
  for (const auto& [kind, b] : objects)
    out += format("%d %.6f %.6f %.6f %.6f\n", static_cast<int>(kind), static_cast<double>((b.left + b.right) / 2), static_cast<double>((b.top + b.bottom) / 2), static_cast<double>(b.right - b.left),
                  static_cast<double>(b.bottom - b.top));
  return out;
}

}  // namespace

Scene render_scene(uint64_t seed, const SceneOptions& options) {
  Random random(mix(mix(seed) + 0x5ce9e));
  const Point along = random_direction(random);
  const Surface surface = make_surface(static_cast<SurfaceKind>(random.below(kSurfaceKinds)), along, random);
  std::vector<Part> parts;
  std::vector<SceneObject> objects;
  Place place{};
  for (int wanted = 1 + random.below(kMostObjects); wanted > 0 && find_place(parts, random, place); --wanted) {
    const auto kind = static_cast<PartKind>(random.below(kPartKinds));
    parts.push_back(make_part(kind, place.centre, place.radius, random));
    const Rectangle& e = parts.back().extent;
    objects.push_back({kind, {e.left / kFrame, e.top / kFrame, e.right / kFrame, e.bottom / kFrame}});
  }
  for (int wanted = random.below(3); wanted > 0 && find_place(parts, random, place); --wanted) parts.push_back(make_other(place.centre, place.radius, random));
  const std::vector<Mark> marks = make_marks(parts, random);
  const Shot shot = random_shot(random);
  return {take_picture(surface, marks, shot, options.size, random), objects};
}

Result<void> write_scenes(const std::string& dir, int count, uint64_t seed, const SceneOptions& options, const std::function<void(int done)>& progress) {
  if (count < 1 || count > kMostPictures) return invalid(format("%d pictures: wanted 1 to %d", count, kMostPictures));
  if (options.size < 16 || options.size > 1024) return invalid(format("pictures of %d pixels a side: wanted 16 to 1024", options.size));
  for (const char* folder : {"/images", "/labels"}) VERGE_CHECK(make_directories(dir + folder));
  std::string names;
  for (int i = 0; i < kPartKinds; ++i) names += std::string(part_name(static_cast<PartKind>(i))) + "\n";
  VERGE_CHECK(write_file(dir + "/classes.txt", names));
  for (int i = 0; i < count; ++i) {
    const Scene scene = render_scene(mix(seed) + static_cast<uint64_t>(i), options);
    VERGE_TRY(const Bytes file, encode_png(scene.picture));
    VERGE_CHECK(write_file(format("%s/images/%04d.png", dir.c_str(), i), file));
    VERGE_CHECK(write_file(format("%s/labels/%04d.txt", dir.c_str(), i), label_lines(scene.objects)));
    if (progress) progress(i + 1);
  }
  return done();
}

}  // namespace verge::data
