// The optimisation report as one HTML file: no outside host, readable on paper, every number labelled measured or estimated.
#pragma once
#include <string>

#include "core/json.h"

namespace verge {

// `report` is what recipe::optimize gives (docs/optimising.md); `command` repeats it.
std::string html_report(const Json& report, const std::string& command);

}  // namespace verge
