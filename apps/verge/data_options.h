// Options that commands on labelled data share.
#pragma once
#include "eval/files.h"
#include "verge/command.h"

namespace verge::cli {

void add_data_options(CLI::App& app, DataOptions& options, bool required);
// The declaration in force: the option, else the model's own; empty when neither says anything.
Result<std::string> declared_pipeline(const Json& manifest, const std::string& option);
// The model's own class names, for class folders.
std::vector<std::string> class_names(const Json& manifest);

}  // namespace verge::cli
