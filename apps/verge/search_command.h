#pragma once
#include "verge/command.h"

namespace verge::cli {

void add_search(CLI::App& app, Commands& commands);

}  // namespace verge::cli
