// A detector's findings as the commands print them.
#pragma once
#include <string>

#include "core/json.h"
#include "pipeline/detect.h"

namespace verge::cli {

// The class's name, or its number where `labels` has none.
std::string label_of(const Json& labels, int index);
// {"label", "index", "score", "box": [left, top, right, bottom]}
Json detections_json(const std::vector<Detection>& found, const Json& labels);

}  // namespace verge::cli
