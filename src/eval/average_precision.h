// How good a detector is: the mean over classes of average precision, as COCO counts it.
//
// In each picture detections of a class, best first, take the box of that class that they overlap most and that none has taken, where the overlap (intersection over
// union) is at least a threshold; others are false. Precision over recall is made to fall only, and its mean is taken at recalls 0, 0.01, ..., 1 (Lin et al. 2014).
#pragma once
#include <span>
#include <vector>

#include "eval/boxes.h"
#include "pipeline/detect.h"

namespace verge {

struct AveragePrecision {
  double mean = 0;               // over thresholds 0.5, 0.55, ..., 0.95
  double at_50 = 0;
  std::vector<double> by_class;  // at 0.5; -1 for classes that do not occur
};

class PrecisionCounter {
 public:
  // One picture; boxes and detections alike are parts of it.
  void add(std::span<const Box> truth, std::span<const Detection> found);
  AveragePrecision result(size_t classes) const;

 private:
  struct Picture {
    std::vector<Box> truth;
    std::vector<Detection> found;
  };
  std::vector<Picture> pictures_;
};

// Intersection over union.
double overlap(const Box& box, const Detection& found);

}  // namespace verge
