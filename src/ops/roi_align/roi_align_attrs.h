// y[r, c, i, j] = the mean, or the greatest weighted corner, of x over cell (i, j) of rectangle r.
// x: [n, c, h, w], rectangles: [r, 4] as x1, y1, x2, y2, image: [r] i32 or i64, y: [r, c, cells_h, cells_w]; f32.
// An image index outside [0, n), or a rectangle that is not finite, fails the run with kInvalidArgument.
#pragma once
#include <cstdint>

namespace verge::exec {

struct RoiAlignAttrs {
  float scale = 1;          // from the rectangles' units to elements of x
  int32_t samples = 0;      // along each side of a cell; 0: as many as the cell has elements
  uint32_t half_pixel = 1;  // 1: coordinates name edges of elements; 0: centres, and a rectangle is at least one element large
  uint32_t max = 0;         // 1: the greatest instead of the mean
};

}  // namespace verge::exec
