// Batch normalisation in training, channels last.
//
//   batch_norm_train_f32      in: x, scale, bias, running mean, running variance; out: y, mean, 1 / deviation, next mean, next variance
//   batch_norm_gradient_f32   in: x, dy, scale, bias, mean, 1 / deviation; out: dx, dscale, dbias
//
// Scratch of both: BatchNormScratch.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge::exec {

struct BatchNormTrainAttrs {
  float epsilon = 1e-5f;
  float momentum = 0.1f;  // of the new statistics
  float clamp_min = 0, clamp_max = 0;
};

// Rows of `fold` pixels, so that narrow pictures fill the registers; blocks of rows are made from shapes alone.
struct BatchNormSplit {
  size_t channels, fold, rows, rows_a_block, blocks;
  BatchNormSplit(size_t pixels, size_t channels);
  size_t width() const { return fold * channels; }
  // Shift, sums and seconds of each block, and five rows of factors.
  size_t scratch_floats() const { return (3 * blocks + 5) * width(); }
};

}  // namespace verge::exec
