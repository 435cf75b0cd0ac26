// `verge bundle`.
#pragma once
#include "verge/command.h"

namespace verge::cli {

void add_bundle(CLI::App& app, Commands& commands);

}  // namespace verge::cli
