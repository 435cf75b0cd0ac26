// Graph -> Graph, step by step: what a rule and a pass are, and the driver that runs a list of passes.
//
// A rule looks at one node and proposes a Patch; a pass is a set of rules applied until none proposes anything, or an edit of the whole graph. Each pass keeps
// the function that the graph computes. After each, types are inferred again and the graph is validated; an error names the pass, and the rule if it was one.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"
#include "ir/patch.h"

namespace verge::passes {

struct Rule {
  const char* name;
  const char* ops;  // the operators whose nodes it looks at, separated by spaces; "" for all
  std::optional<Patch> (*propose)(const Graph& graph, const Node& node);
};

struct Pass {
  const char* name;
  std::vector<const Rule*> rules;
  Result<size_t> (*run)(Graph& graph) = nullptr;  // instead of rules; returns how many changes it made
};

struct PassRecord {
  std::string name;
  double ms = 0;
  size_t changes = 0;
  size_t nodes = 0;       // of the graph after the pass
  size_t transposes = 0;  // likewise
};

struct PassReport {
  size_t nodes = 0, transposes = 0;  // of the graph before the first pass
  std::vector<PassRecord> passes;    // those that ran, in order
};

struct PassOptions {
  std::vector<std::string> only;  // names of passes or rules; empty: all
  std::vector<std::string> skip;
  std::function<void(const PassRecord&, const Graph&)> after;  // shown each pass's result
};

// Runs `passes` in order. kInvalidArgument for a name in the options that none of them has.
Result<PassReport> run_passes(Graph& graph, std::span<const Pass> passes, const PassOptions& options = {});

}  // namespace verge::passes
