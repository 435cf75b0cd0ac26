// What each layer costs in accuracy when it computes in int8: the table that answers "which layer is it?".
#pragma once
#include <string>
#include <vector>

#include "core/json.h"
#include "eval/score.h"
#include "quant/quantize.h"

namespace verge {

struct LayerBlame {
  uint32_t node = 0;      // NodeId::index in the float graph
  std::string name;       // as the source model calls it
  std::string op;
  int64_t macs = 0;
  double sqnr_db = 0;     // signal to quantisation noise at the layer's output in the whole int8 network, against float
  double cosine = 1;      // of the same two outputs
  double alone_agreement = -1;    // agreement of the network with float when only this layer is int8; -1: not asked
  double without_agreement = -1;  // of the whole int8 network when only this layer stays float
  double without_db = 0;          // likewise: signal to noise of its output
  double largest = 0;     // largest magnitude of the output over its standard deviation: outliers
};

// Runs float and int8 side by side on `data` (small: a few dozen samples serve) through the device's runtime.
Result<std::vector<LayerBlame>> blame_layers(const Graph& graph, const QuantPlan& plan, const Dataset& data);
// Asks the network once more a layer and kind: alone_*, without_*.
Result<void> blame_by_return(const Graph& graph, const QuantPlan& plan, const Dataset& data, std::vector<LayerBlame>& layers);
Json blame_json(const std::vector<LayerBlame>& blame);

}  // namespace verge
