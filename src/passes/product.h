// Arithmetic seen through: products of values with a number, and ramps, whatever the order in which an exporter wrote them.
#pragma once
#include <cmath>
#include <optional>
#include <vector>

#include "ir/graph.h"

namespace verge::passes {

// factor * values[0] * values[1] * ...
struct Product {
  double factor = 1;
  std::vector<ValueId> values;
};

// What a mul or div node computes, through those before it that nobody else reads. A single value for another operator.
Product product_of(const Graph& graph, const Node& node);
Product product_of(const Graph& graph, ValueId value);

// min(max(x + shift, low), high)
struct Ramp {
  ValueId x;
  double shift = 0, low = 0, high = 0;
};
// add and clamp that nobody else reads, in one node or two.
std::optional<Ramp> ramp_of(const Graph& graph, ValueId value);

// x + number, as add writes it in either order: x; invalid when `value` is something else or is read elsewhere too.
ValueId plus(const Graph& graph, ValueId value, double number);

// Equal as far as a constant that went through f32 can be.
inline bool nearly(double a, double b) { return std::fabs(a - b) <= 1e-5 * std::fabs(b); }

}  // namespace verge::passes
