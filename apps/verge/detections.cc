#include "verge/detections.h"

namespace verge::cli {

std::string label_of(const Json& labels, int index) {
  const bool named = labels.is_array() && index >= 0 && static_cast<size_t>(index) < labels.size() && labels[static_cast<size_t>(index)].is_string();
  return named ? labels[static_cast<size_t>(index)].get<std::string>() : std::to_string(index);
}

Json detections_json(const std::vector<Detection>& found, const Json& labels) {
  Json out = Json::array();
  for (const Detection& d : found) out.push_back({{"label", label_of(labels, d.label)}, {"index", d.label}, {"score", d.score}, {"box", {d.left, d.top, d.right, d.bottom}}});
  return out;
}

}  // namespace verge::cli
