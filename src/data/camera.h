// Light and lens: turns a surface with its marks into the 8-bit picture that an industrial camera would give.
#pragma once
#include <vector>

#include "data/picture.h"
#include "data/surface.h"

namespace verge::data {

// One lamp near the surface, some light from everywhere, and a camera straight above. Lengths in reference pixels.
struct Shot {
  Point lamp;
  float lamp_height;
  float ambient;     // the share of light without direction
  int shine;         // the highlight is cosine^(2^shine)
  Point slope;       // light lost from one side of the picture to the other
  float vignette;    // light lost in the corners
  Color balance;     // colour temperature and exposure
  float defocus;     // 0 sharp, 1 the widest of the blur
  float read_noise;  // deviation in the dark and per root of light, of full scale
  float shot_noise;
};
Shot random_shot(Random& random);

// Renders `size` x `size` pixels, each the mean of four points of the surface. `random` is the sensor's noise.
Picture take_picture(const Surface& surface, const std::vector<Mark>& marks, const Shot& shot, int size, Random& random);

}  // namespace verge::data
