#include "search/space.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/text.h"

namespace verge::search {
namespace {

using train::Random;
using train::Stage;
using train::StageKind;

const char* kind_name(StageKind kind) {
  for (const auto& [name, value] : train::kStageKinds)
    if (value == kind) return name;
  return "";
}

int64_t map_side(const Stages& stages, int64_t picture) {
  for (const Stage& s : stages) picture = (picture + s.stride - 1) / s.stride;
  return picture;
}

bool fits(const Stages& stages, const Space& space, int64_t picture) {
  return !stages.empty() && stages.size() <= space.most_stages && map_side(stages, picture) >= std::min(space.smallest_map, picture) &&
         std::all_of(stages.begin(), stages.end(), [&](const Stage& s) { return s.channels >= space.narrowest && s.channels <= space.widest; });
}

// To a multiple of 8: what kernels are made for.
int64_t scaled(int64_t channels, double factor) { return std::llround(static_cast<double>(channels) * factor / 8) * 8; }

void change_inside(Stage& s, Random& random) {
  constexpr int64_t kExpansions[] = {1, 2, 3, 4, 6}, kKernels[] = {3, 5, 7};
  if (s.kind == StageKind::kInverted && random.chance(0.5)) s.expand = kExpansions[random.below(std::size(kExpansions))];
  else s.kernel = kKernels[random.below(std::size(kKernels))];
}

void move_stride(Stages& stages, size_t at, Random& random) {
  Stage& to = stages[random.below(stages.size())];
  if (to.stride == 1)
    std::swap(to.stride, stages[at].stride);
  else
    to.stride = 1;
}

void change(Stages& stages, Random& random) {
  constexpr double kFactors[] = {0.5, 0.75, 1.25, 1.5};
  const size_t at = random.below(stages.size());
  Stage& s = stages[at];
  switch (random.below(8)) {
    case 0: s.kind = train::kStageKinds[random.below(std::size(train::kStageKinds))].second; break;
    case 1: change_inside(s, random); break;
    case 2: move_stride(stages, at, random); break;
    case 3: s.stride = 3 - s.stride; break;
    case 4: stages.insert(stages.begin() + static_cast<int64_t>(at) + 1, {s.kind, s.channels, 1, s.kernel, s.expand}); break;
    case 5:
      if (stages.size() > 2) stages.erase(stages.begin() + static_cast<int64_t>(at));
      break;
    default: s.channels = scaled(s.channels, kFactors[random.below(std::size(kFactors))]);
  }
}

}  // namespace

Stages resnet8_stages() { return {{StageKind::kConv, 16}, {StageKind::kResidual, 16}, {StageKind::kResidual, 32, 2}, {StageKind::kResidual, 64, 2}}; }

Stages mutated(const Stages& stages, const Space& space, int64_t picture_side, Random& random) {
  for (int tries = 0; tries < 100; ++tries) {
    Stages out = stages;
    for (uint64_t changes = 1 + random.below(3); changes > 0; --changes) change(out, random);
    if (out != stages && fits(out, space, picture_side)) return out;
  }
  return stages;
}

Stages widened(const Stages& stages, double width, const Space& space) {
  Stages out = stages;
  for (Stage& s : out) s.channels = std::clamp(scaled(s.channels, width), space.narrowest, space.widest);
  return out;
}

Json stages_json(const Stages& stages) {
  const Stage kUsual;
  Json out = Json::array();
  for (const Stage& s : stages) {
    Json line = {{"kind", kind_name(s.kind)}, {"channels", s.channels}};
    if (s.stride != 1) line["stride"] = s.stride;
    if (s.kernel != 3) line["kernel"] = s.kernel;
    if (s.kind == StageKind::kInverted && s.expand != kUsual.expand) line["expand"] = s.expand;
    out.push_back(std::move(line));
  }
  return out;
}

std::string describe(const Stages& stages) {
  std::vector<std::string> words;
  for (const Stage& s : stages)
    words.push_back(std::string(kind_name(s.kind)) + " " + std::to_string(s.channels) + (s.stride != 1 ? " /" + std::to_string(s.stride) : "") +
                    (s.kernel != 3 ? " " + std::to_string(s.kernel) + "x" + std::to_string(s.kernel) : "") +
                    (s.kind == StageKind::kInverted ? " x" + std::to_string(s.expand) : ""));
  return join(words, ", ");
}

}  // namespace verge::search
