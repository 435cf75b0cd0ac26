#include "verge/model_data.h"

namespace verge::cli {

Result<ModelAndData> load_with_data(const ModelOptions& options, DataOptions data, const std::string& pipeline) {
  VERGE_TRY(const LoadOptions load, load_options(options));
  VERGE_TRY(LoadedModel m, load_model(options.path, load));
  if (m.executable.input_count() != 1)
    return unsupported("this takes models with one data input; '" + options.path + "' has " + std::to_string(m.executable.input_count()));
  data.class_names = class_names(m.manifest);
  VERGE_TRY(RawData raw, read_data(data));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, pipeline));
  VERGE_TRY(auto samples, make_dataset(std::make_shared<const RawData>(std::move(raw)), m.executable.model().input(0), declared.value_or(Declaration{}), data));
  return ModelAndData{std::move(m), std::move(samples)};
}

}  // namespace verge::cli
