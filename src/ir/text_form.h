// The text form of a Graph, which round-trips: parse_graph(print_graph(g)) equals g up to ids.
//
//   graph "tiny"
//   input %x: f32[1,4]
//   const %w: f32[4] = [1, -2, 0.5, 3]
//   %y = mul(%x, %w) {} "scale"
//   %z = clamp(%y) {max=6.0, min=0.0}
//   output %z as "probabilities"
//
// Quantised types print as i8[1,4]{scale=[0.5] zero=[-128] axis=-1}. Value names are made unique. Long constants print as hex bytes: 0x....
#pragma once
#include <string>
#include <string_view>

#include "core/result.h"
#include "ir/graph.h"

namespace verge {

struct PrintOptions {
  bool constant_data = true;  // false: constants print their type alone, and the text cannot be parsed back
  bool types = false;         // append ": type" to each node line
};

std::string print_graph(const Graph& graph, const PrintOptions& options = {});
Result<Graph> parse_graph(std::string_view text);

}  // namespace verge
