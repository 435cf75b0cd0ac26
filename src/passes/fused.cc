#include "passes/fused.h"

#include <algorithm>
#include <cmath>

namespace verge::passes {

Bounds fused_bounds(const Node& node) { return {node.real("clamp_min", Bounds().low), node.real("clamp_max", Bounds().high)}; }

void set_fused_bounds(Attrs& attrs, Bounds bounds) {
  attrs.erase("clamp_min");
  attrs.erase("clamp_max");
  if (std::isfinite(bounds.low)) attrs["clamp_min"] = bounds.low;
  if (std::isfinite(bounds.high)) attrs["clamp_max"] = bounds.high;
}

std::optional<Bounds> activation_bounds(const Node& node) {
  if (node.op == "relu") return Bounds{.low = 0};
  if (node.op == "clamp") return Bounds{node.real("min", Bounds().low), node.real("max", Bounds().high)};
  return std::nullopt;
}

Bounds merged(Bounds inner, Bounds outer) {
  const auto clamp = [&](double v) { return std::min(std::max(v, outer.low), outer.high); };
  return {clamp(inner.low), clamp(inner.high)};
}

Attrs fused_attrs(const Node& main, std::initializer_list<const Node*> taken) {
  std::vector<std::string> sources;
  const auto add = [&](const Node& node) {
    const auto found = node.attrs.find("sources");
    if (const auto* names = found == node.attrs.end() ? nullptr : std::get_if<std::vector<std::string>>(&found->second)) {
      sources.insert(sources.end(), names->begin(), names->end());
    } else if (!node.name.empty()) {
      sources.push_back(node.name);
    }
  };
  add(main);
  for (const Node* node : taken) add(*node);
  Attrs attrs = main.attrs;
  if (sources.size() > 1) attrs["sources"] = std::move(sources);
  return attrs;
}

}  // namespace verge::passes
