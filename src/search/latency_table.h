// How long a network takes on this machine, predicted from its layers: each different layer is measured once, alone, and remembered.
#pragma once
#include <map>
#include <string>

#include "core/result.h"
#include "ir/graph.h"

namespace verge::search {

class LatencyTable {
 public:
  explicit LatencyTable(int threads = 1) : threads_(threads) {}

  // Milliseconds of one run: the sum of the layers'. `graph` is prepared (passes::prepare) or quantised.
  Result<double> predict_ms(const Graph& graph);
  // The same graph measured whole, for comparison.
  Result<double> measure_ms(const Graph& graph) const;

  size_t layers() const { return layer_ms_.size(); }

 private:
  Result<double> layer_ms(const Graph& graph, const Node& node);

  int threads_;
  std::map<std::string, double> layer_ms_;  // by operator, attributes and types
};

}  // namespace verge::search
