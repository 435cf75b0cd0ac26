// verge tune.
#pragma once
#include "verge/command.h"

namespace verge::cli {

void add_tune(CLI::App& app, Commands& commands);

}  // namespace verge::cli
