// A model and the samples that it reads, for commands that run one over the other.
#pragma once
#include <memory>

#include "eval/dataset.h"
#include "verge/data_options.h"

namespace verge::cli {

struct ModelAndData {
  LoadedModel model;
  std::unique_ptr<Dataset> data;
};

// `pipeline`: a declaration instead of the model's own; may be empty. kUnsupported for models with several data inputs.
Result<ModelAndData> load_with_data(const ModelOptions& model, DataOptions data, const std::string& pipeline);

}  // namespace verge::cli
