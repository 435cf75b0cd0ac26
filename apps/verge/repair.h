#pragma once
#include "verge/command.h"

namespace verge::cli {

void add_repair(CLI::App& app, Commands& commands);

}  // namespace verge::cli
