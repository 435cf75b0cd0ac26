// The gradient of a Graph is a Graph: nodes that compute d loss / d values are appended to the nodes that compute the loss.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <span>

#include "ir/graph.h"

namespace verge::train {

// Called when the gradient of one of `wrt` is complete: what uses it (an optimiser's step) may be appended at once, so that the gradient need not live
// longer. Everything that reads the value itself has been appended before.
using GradientReady = std::function<Result<void>(Graph& graph, ValueId value, ValueId gradient)>;

// Values that are not kept for the gradient, by ValueId::index: what reads them there reads what their nodes make once more, just before. Numbers and bits
// are the same (Chen et al. 2016).
enum class Remake : uint8_t { kOnce, kEachTime };  // kept from its first use on; or made anew for every other value that is made from it
using RemadeValues = std::map<uint32_t, Remake>;

// Appends the gradient of `loss` (one number) with respect to each of `wrt`. Types must be static. kUnsupported names the node that has no derivative;
// kInvalidArgument a value that the loss does not depend on.
Result<void> add_gradient(Graph& graph, ValueId loss, std::span<const ValueId> wrt, const GradientReady& ready, const RemadeValues& remade = {});

// The same, the gradients in the order of `wrt`.
Result<std::vector<ValueId>> gradient(Graph& graph, ValueId loss, std::span<const ValueId> wrt, const RemadeValues& remade = {});

}  // namespace verge::train
