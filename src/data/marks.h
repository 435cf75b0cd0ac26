// What happens to a surface: the defects that an inspection rejects, and the harmless dust that it must not.
//
//   strength   1 is a plain defect, 0.4 one that a person finds at the second look
//   along      the direction of the surface's grain; a scratch never hides in it
#pragma once
#include "data/surface.h"

namespace verge::data {

Mark make_scratch(float strength, Point along, Random& random);
Mark make_hole(float strength, Random& random);
Mark make_stain(float strength, Random& random);
Mark make_dent(float strength, Random& random);

// A speck smaller than any hole, and a hair shorter and softer than any scratch.
Mark make_speck(Random& random);
Mark make_hair(Random& random);

}  // namespace verge::data
