// What a float network would cost on a microcontroller once it is int8, by the code generator's own layout.
#pragma once
#include <string>

#include "core/result.h"
#include "ir/graph.h"

namespace verge::search {

struct DeviceCost {
  int64_t ram = 0;           // bytes: arena and a bound of the stack
  int64_t flash = 0;         // bytes: weights (exact) and code (estimated)
  int64_t instructions = 0;  // of an inference, estimated
  int64_t macs = 0;
};

// The network in int8, input included, for one picture; ranges are those of made-up samples, since no size depends on them.
Result<Graph> int8_network(const Graph& network);

// `target`: one of codegen::target_names(). kUnsupported where a layer has no C.
Result<DeviceCost> device_cost(const Graph& network, const std::string& target);

}  // namespace verge::search
