// Nodes and constants that no output needs go.
//
//   a = relu x
//   b = exp x   ->   a = relu x
//   out a            out a
#include "passes/pipelines.h"

namespace verge::passes {

Result<size_t> remove_dead(Graph& graph) {
  const size_t before = graph.order().size();
  graph = graph.compacted();
  return before - graph.order().size();
}

}  // namespace verge::passes
