// What keeps a quantised network from running whole on an accelerator: every violation of its published rules, node by node. The rules are data
// with their source; nothing here runs the vendor's compiler.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"

namespace verge {

struct Violation {
  std::string node;    // its name, or the value's where no node is to blame
  std::string what;    // what was found and what is wanted
};

// "edge-tpu", "ethos-u", "tensorrt", "qnn".
std::vector<std::string> placement_rule_names();

struct PlacementCheck {
  std::string rules, source;
  size_t nodes = 0, placed = 0;  // of the network, and of them without a violation
  std::vector<Violation> violations;
};

// `graph` is prepared without residuals fused into convolutions. kInvalidArgument lists the names.
Result<PlacementCheck> check_placement(const Graph& graph, const std::string& rules);

}  // namespace verge
