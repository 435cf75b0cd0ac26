// Graph -> Program: the only way from the portable form to the one that runs. Changes no numerics beyond the plan.
#pragma once
#include <span>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/graph.h"
#include "ops/emitter.h"

namespace verge {

// A graph input whose value lives on from run to run: parameters, statistics and the states of an optimiser. Each run reads it and leaves the value of
// the graph output `next` in its place (invalid: unchanged). Neither is an input or output of the Program; the tensor lies in its mutable section.
struct StateBinding {
  ValueId value;
  ValueId next;
  Tensor initial;
};

struct Lowered {
  Bytes program;
  uint64_t arena_bytes = 0;
  uint64_t arena_lower_bound = 0;  // bytes alive at once at the worst instruction: no plan is smaller
  int64_t macs = 0;
  std::vector<uint32_t> value_tensor;  // by ValueId::index: the Program's tensor of a Graph value; rt::kNoTensor when it has none
};

// `graph` must have gone through passes::prepare (static types, nhwc). kUnsupported lists every node that cannot be lowered, with its reason.
Result<Lowered> lower(const Graph& graph, const ops::LowerOptions& options = {}, std::span<const StateBinding> states = {});

}  // namespace verge
