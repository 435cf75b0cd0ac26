// The networks among which the search looks: lists of stages (train/networks.h), and small changes from one to another.
#pragma once
#include <string>
#include <vector>

#include "core/json.h"
#include "train/networks.h"
#include "train/random.h"

namespace verge::search {

using Stages = std::vector<train::Stage>;

struct Space {
  int64_t narrowest = 8, widest = 256;  // channels of a stage
  size_t most_stages = 10;
  int64_t smallest_map = 4;  // pixels a side behind the last stage
};

// resnet8 as stages: where a search begins unless the recipe has stages of its own.
Stages resnet8_stages();

// One to three changes: channels by a quarter or a half, a stage's kind, its kernel (3 to 7) or how far it expands (1 to 6), where the picture is halved, a stage
// more or less.
Stages mutated(const Stages& stages, const Space& space, int64_t picture_side, train::Random& random);

// All channels times `width`, in multiples of 8, none narrower or wider than the space has.
Stages widened(const Stages& stages, double width, const Space& space);

// As a recipe has them.
Json stages_json(const Stages& stages);
// "conv 16, residual 32 /2, separable 64 5x5, inverted 96 x2"
std::string describe(const Stages& stages);

}  // namespace verge::search
