// `verge run` on sound files for models that declare {"source": "audio"}.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/load.h"
#include "pipeline/declaration.h"

namespace verge::cli {

// Prints what each window gave, as JSON or a line each; a single score gives the times when it is at least the declared one.
Result<void> run_sound(LoadedModel& model, const SoundSteps& steps, const std::vector<std::string>& files, bool json);

}  // namespace verge::cli
