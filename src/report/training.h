// The report of a training run as one HTML file, with curves of loss and score.
#pragma once
#include <string>

#include "core/json.h"

namespace verge {

// `report` is what train::fit gives; `command` repeats the run.
std::string training_report(const Json& report, const std::string& command);

}  // namespace verge
