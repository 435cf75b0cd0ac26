// Options that commands on labelled data share.
#pragma once
#include <optional>

#include "eval/files.h"
#include "pipeline/declaration.h"
#include "verge/command.h"

namespace verge::cli {

void add_data_options(CLI::App& app, DataOptions& options, bool required);
// The declaration's JSON that --pipeline gives: itself, or the file that it names.
Result<std::string> pipeline_text(const std::string& option);
// The declaration in force: the option's, else the model's own; none when neither says anything.
Result<std::optional<Declaration>> declaration_in_force(const Json& manifest, const std::string& option);
// The model's own class names, for class folders.
std::vector<std::string> class_names(const Json& manifest);

}  // namespace verge::cli
