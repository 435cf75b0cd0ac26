// Rendered pictures for surface inspection, with the truth known: PASS is kOk, everything else is a REJECT and names the defect.
//
// Five surfaces (brushed metal, cast iron, woven fabric, grained plastic, wood) under a lamp that stands anywhere, seen by a camera with noise and defocus, and
// with dust that is no defect. Made to be hard where quantisation hurts: most defects are a few grey levels away from the texture around them.
//
// The same class, seed and options give the same bytes on every machine.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "data/picture.h"

namespace verge::data {

enum class InspectionClass : uint8_t { kOk, kScratch, kHole, kStain, kDent };
inline constexpr int kInspectionClasses = 5;
const char* inspection_class_name(InspectionClass kind);  // "ok", "scratch", ...

struct InspectionOptions {
  int size = 64;          // pixels a side, 16 to 1024; what the picture shows stays the same
  float faintest = 0.4f;  // strength of the faintest and of the plainest defect
  float plainest = 1.0f;
};

Picture render_inspection(InspectionClass kind, uint64_t seed, const InspectionOptions& options = {});

// Writes `count` pictures, the classes in turn, as DIR/class/NNNN.png, and makes the folders. Different seeds share no picture.
//
//   progress   called after each picture with how many are done; may be empty
//
// Fails with kInvalidArgument for a count or an option out of range and with kIo when a file cannot be written.
Result<void> write_inspection_set(const std::string& dir, int count, uint64_t seed, const InspectionOptions& options = {},
                                  const std::function<void(int done)>& progress = {});

}  // namespace verge::data
