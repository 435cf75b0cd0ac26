// A layer's input as windows: what one pixel of its output sees.
#pragma once
#include <cstddef>
#include <vector>

#include "kernels/conv_geometry.h"

namespace verge {

// The input values that output pixel `pixel` of `group` sees; zeros outside. x: [b, in_h, in_w, in_c], to: [taps * group_in].
void copy_window(const ConvGeometry& g, const std::vector<float>& x, size_t pixel, int group, float* to);
// The output pixels of sample s that are looked at: evenly spread, shifted from sample to sample so that all borders and middles take part.
std::vector<size_t> chosen_pixels(const ConvGeometry& g, size_t s, size_t wanted);

}  // namespace verge
