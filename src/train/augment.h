// Random changes to pictures while training. Each sample's depend on the seed, the epoch and its number alone.
#pragma once
#include <cstddef>
#include <cstdint>

#include "train/random.h"

namespace verge::train {

struct Augmentation {
  bool flip = false;          // left and right, with chance 1/2
  bool flip_vertical = false;
  bool turn = false;          // by 0, 90, 180 or 270 degrees; square pictures
  int crop = 0;               // moved by up to so many pixels each way, the rim filled with `fill`
  int cutout = 0;             // a square of this side filled with `fill`
  double brightness = 0;      // pixels * (1 +- contrast) +- 255 * brightness about the middle grey
  double contrast = 0;
  double saturation = 0;      // mixed with its grey by up to this share
  uint8_t fill = 128;
  int shift = 0;              // sounds: earlier or later by up to so many samples, silence behind
  double loudness = 0;        // sounds: times 1 +- loudness
  double noise = 0;           // sounds: white noise of up to this deviation

  bool any() const { return flip || flip_vertical || turn || crop > 0 || cutout > 0 || brightness > 0 || contrast > 0 || saturation > 0; }
};

bool changes_sounds(const Augmentation& augmentation);
// `spare` has room for `sound`.
void augment_sound(const Augmentation& augmentation, size_t count, Random random, float* sound, float* spare);

struct PictureSize {
  int height, width, channels;
  size_t bytes() const { return static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels); }
};

// `picture` and `spare` are [height][width][channels] bytes; the result is in `picture`.
void augment(const Augmentation& augmentation, const PictureSize& size, Random random, uint8_t* picture, uint8_t* spare);

}  // namespace verge::train
