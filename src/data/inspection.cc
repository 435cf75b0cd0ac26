#include "data/inspection.h"

#include "core/text.h"
#include "data/camera.h"
#include "data/marks.h"
#include "os/file.h"

namespace verge::data {
namespace {

constexpr int kMostPictures = 1'000'000;

std::vector<Mark> make_marks(InspectionClass kind, float strength, Point along, Random& random) {
  std::vector<Mark> marks;
  for (int dust = random.below(4); dust > 0; --dust) marks.push_back(make_speck(random));
  for (int dust = random.below(3); dust > 0; --dust) marks.push_back(make_hair(random));
  switch (kind) {
    case InspectionClass::kOk: break;
    case InspectionClass::kScratch: marks.push_back(make_scratch(strength, along, random)); break;
    case InspectionClass::kHole: marks.push_back(make_hole(strength, random)); break;
    case InspectionClass::kStain: marks.push_back(make_stain(strength, random)); break;
    case InspectionClass::kDent: marks.push_back(make_dent(strength, random)); break;
  }
  return marks;
}

Result<void> check(int count, const InspectionOptions& options) {
  if (count < 1 || count > kMostPictures) return invalid(format("%d pictures: wanted 1 to %d", count, kMostPictures));
  if (options.size < 16 || options.size > 1024) return invalid(format("pictures of %d pixels a side: wanted 16 to 1024", options.size));
  return done();
}

}  // namespace

const char* inspection_class_name(InspectionClass kind) {
  constexpr const char* kNames[kInspectionClasses] = {"ok", "scratch", "hole", "stain", "dent"};
  return kNames[static_cast<int>(kind)];
}

Picture render_inspection(InspectionClass kind, uint64_t seed, const InspectionOptions& options) {
  Random random(mix(mix(seed) + static_cast<uint64_t>(kind)));
  const Point along = random_direction(random);
  const Surface surface = make_surface(static_cast<SurfaceKind>(random.below(kSurfaceKinds)), along, random);
  const float strength = random.between(options.faintest, options.plainest);
  const std::vector<Mark> marks = make_marks(kind, strength, along, random);
  const Shot shot = random_shot(random);
  return take_picture(surface, marks, shot, options.size, random);
}

Result<void> write_inspection_set(const std::string& dir, int count, uint64_t seed, const InspectionOptions& options,
                                  const std::function<void(int done)>& progress) {
  VERGE_CHECK(check(count, options));
  for (int i = 0; i < kInspectionClasses && i < count; ++i) VERGE_CHECK(make_directories(dir + "/" + inspection_class_name(static_cast<InspectionClass>(i))));
  for (int i = 0; i < count; ++i) {
    const auto kind = static_cast<InspectionClass>(i % kInspectionClasses);
    const int number = i / kInspectionClasses;
    VERGE_TRY(const Bytes file, encode_png(render_inspection(kind, mix(seed) + static_cast<uint64_t>(number), options)));
    VERGE_CHECK(write_file(format("%s/%s/%04d.png", dir.c_str(), inspection_class_name(kind), number), file));
    if (progress) progress(i + 1);
  }
  return done();
}

}  // namespace verge::data
