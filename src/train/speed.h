// How fast training is here.
#pragma once
#include "core/json.h"
#include "train/recipe.h"

namespace verge::train {

// Steps on made-up samples for about `seconds`.
Result<Json> training_speed(const Recipe& recipe, int threads, double seconds);

}  // namespace verge::train
