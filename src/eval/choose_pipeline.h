// When nothing is declared but labels are at hand: score the common normalisations and keep the best.
#pragma once
#include <memory>

#include "core/json.h"
#include "eval/files.h"
#include "lower/executable.h"

namespace verge {

struct PipelineChoice {
  Declaration declaration;
  double top1 = -1;      // on the samples scored; -1: no labels, nothing was scored
  bool declared = false;
  Json scored;           // [{"pipeline": text, "top1": x}], best first
  double chance = 0;     // top-1 of guessing
};

// 0..255, 0..1, -1..1 and ImageNet in RGB and BGR on at most 64 labelled pictures. Without labels, or for data that is no pictures: the default declaration.
Result<PipelineChoice> choose_pipeline(Executable& executable, std::shared_ptr<const RawData> data, const DataOptions& options);

}  // namespace verge
