// Commands below `verge fleet` that have files of their own.
#pragma once
#include "verge/command.h"

namespace verge::cli {

void add_fleet_proxy(CLI::App* parent, Commands& commands);
void add_fleet_rehearse(CLI::App* parent, Commands& commands);
void add_fleet_simulate(CLI::App* parent, Commands& commands);

}  // namespace verge::cli
