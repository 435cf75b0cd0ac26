// What a recipe's "model" and "distill.teacher" name, as graphs that training takes.
#pragma once
#include <string>
#include <vector>

#include "train/recipe.h"

namespace verge::train {

// Whether the name is that of an architecture and not of a file.
bool is_architecture(const std::string& name);

// The recipe's architecture, or its model file: parameters lie where the file has them, batch normalisation is folded into the weights where the recipe says so.
Result<Graph> network_of(const Recipe& recipe);

// The sizes of one sample as the network takes it: [h, w, c] for a picture, whichever layout the network's own input has.
std::vector<int64_t> sample_sizes(const Graph& network);

// The same network with its picture channels last: the transpose moves inside.
Result<Graph> channels_last(const Graph& network);

// The same network for inputs that are 1 / factor as large: what reads them has weights as much larger.
Result<void> rescale_input(Graph& network, double factor);

// A model file as a teacher of these classes, for batches as training has them, prepared as it would be deployed: fills `network` and `classes`.
Result<void> load_teacher(const std::string& path, const std::vector<std::string>& classes, int64_t batch, Teacher& teacher);

}  // namespace verge::train
