#include "formats/blockers.h"

#include <algorithm>

namespace verge::formats {
namespace {

std::string group_text(const std::vector<const Blocker*>& group) {
  const Blocker& first = *group.front();
  std::string out = "\n  " + std::to_string(group.size()) + "x " + first.op + ": " + first.reason;
  for (const Blocker* b : group) out += "\n     node '" + b->node + "'" + (b->inputs.empty() ? "" : " (" + b->inputs + ")");
  if (!first.remedy.empty()) out += "\n     remedy: " + first.remedy;
  return out;
}

}  // namespace

Error Blockers::error() const {
  std::vector<std::vector<const Blocker*>> groups;
  for (const Blocker& b : all_) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.front()->op == b.op && g.front()->reason == b.reason; });
    if (same == groups.end()) groups.push_back({&b});
    else same->push_back(&b);
  }
  std::string text = std::to_string(all_.size()) + (all_.size() == 1 ? " node cannot be imported" : " nodes cannot be imported");
  for (const auto& group : groups) text += group_text(group);
  return unsupported(std::move(text));
}

}  // namespace verge::formats
