// A detector as it is deployed on pictures with boxes: decoded, pre-processed, run, suppressed, scored.
#pragma once
#include "eval/average_precision.h"
#include "eval/score.h"
#include "pipeline/declaration.h"

namespace verge {

struct DetectorScore {
  AveragePrecision precision;  // of all boxes that score at least 0.01
  size_t pictures = 0;
};

// The declaration has `detections`; kInvalidArgument where model and declaration do not fit. Scores below the declared threshold count too.
Result<DetectorScore> score_detector(Executable& executable, Declaration declaration, const BoxedPictures& data, const Progress& progress = {});

}  // namespace verge
