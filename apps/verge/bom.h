// A package's papers, from facts that it holds: the same package has the same bytes.
#pragma once
#include "verge/command.h"

namespace verge::cli {

enum class Paper {
  kMaterials,   // a bill of materials, CycloneDX 1.6
  kProvenance,  // what it was made from and how: an in-toto statement with SLSA provenance v1
};

// kInvalidArgument for a model that is no package.
Result<Json> bill_of_materials(const LoadedModel& model, Paper paper);

}  // namespace verge::cli
