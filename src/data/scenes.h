// Rendered scenes for detectors, with the truth known: bolts, gears, nuts and washers on the surfaces and under the light of data/inspection.h, near each other and cut
// off by the picture's edges, among coins and strips that are none of them.
//
// The same seed and options give the same bytes on every machine.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/parts.h"
#include "data/picture.h"

namespace verge::data {

struct SceneOptions {
  int size = 96;  // pixels a side, 16 to 1024; what the picture shows stays the same
};

struct SceneObject {
  PartKind kind;
  Rectangle box;  // parts of the picture, 0..1
};

struct Scene {
  Picture picture;
  std::vector<SceneObject> objects;  // one to six
};

Scene render_scene(uint64_t seed, const SceneOptions& options = {});

// Writes DIR/images/NNNN.png, DIR/labels/NNNN.txt (YOLO's form: a line "class x y width height" an object, of its middle, parts of the picture) and DIR/classes.txt, and
// makes the folders. Different seeds share no picture.
//
//   progress   called after each picture with how many are done; may be empty
//
// Fails with kInvalidArgument for a count or an option out of range and with kIo when a file cannot be written.
Result<void> write_scenes(const std::string& dir, int count, uint64_t seed, const SceneOptions& options = {}, const std::function<void(int done)>& progress = {});

}  // namespace verge::data
