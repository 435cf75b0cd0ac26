// How a node looks when what it reads and writes is stored in another order of dimensions.
#pragma once
#include <optional>
#include <vector>

#include "passes/layout_order.h"

namespace verge::passes {

struct Placement {
  Attrs attrs;
  std::vector<Order> in, out;  // of each input and output; empty: as the source describes it. An input's order may be longer than its rank: it broadcasts
};

// `order` is that of the node's widest side: of the output for what works element by element, of input 0 for the rest. None: the node cannot be placed so.
std::optional<Placement> place(const Graph& graph, const Node& node, const Order& order);

// The order for place() that puts this input / output of the node into `order`; none when the node does not carry it on.
std::optional<Order> order_from_input(const Graph& graph, const Node& node, size_t input, const Order& order);
std::optional<Order> order_from_output(const Graph& graph, const Node& node, size_t output, const Order& order);

// An operator on images [n,c,h,w] that wants them as [n,h,w,c].
bool wants_channels_last(const Graph& graph, const Node& node);

}  // namespace verge::passes
