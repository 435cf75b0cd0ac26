// Options that say which engines may run a model's nodes, and what became of it (docs/placement.md).
#pragma once
#include <optional>

#include "delegate/plugin.h"
#include "engine/placement.h"
#include "verge/command.h"

namespace verge::cli {

struct PlacementOptions {
  std::string require, prefer, forbid;
  std::vector<std::string> plugins;
  bool check_borders = false;
};
void add_placement_options(CLI::App& app, PlacementOptions& options);

// The other engine in force, whether every node is to run there, and plug-ins; none where Verge runs alone. kInvalidArgument where the options contradict.
struct Engine {
  std::shared_ptr<const Delegate> delegate;  // null: plug-ins alone
  std::shared_ptr<const Plugins> plugins;
  bool all = false;
};
Result<std::optional<Engine>> engine_in_force(const PlacementOptions& options);

// `load` with the nodes of the file placed, after one trial on `inputs`; `engine` is in force. kUnsupported names every node that has no place.
Result<LoadOptions> load_placed(const PlacementOptions& options, const Engine& engine, const std::string& path, LoadOptions load, const std::vector<ops::HostValue>& inputs);

Json partitions_json(const std::vector<const PartitionReport*>& partitions);
// One line each.
void print_partitions(const std::vector<const PartitionReport*>& partitions);

}  // namespace verge::cli
