// The text form of a Graph, which round-trips: parse_graph(print_graph(g)) equals g up to ids and to constants that nobody reads.
//
//   graph "tiny"
//   meta "author" = "me"
//   input %x: f32[1,4]
//   const %w: f32[4] = [1, -2, 0.5, 3]
//   %y = mul(%x, %w) "scale"
//   %z = clamp(%y) {max=6.0, min=0.0}
//   output %z as "probabilities"
//
// Values: %name, %"any name", %0 for one without a name, %name#2 for the second of a name; `_` for an absent input or output.
// Types: f32[1,N,?] with symbolic and unknown dimensions, f32[*] unranked, i8[1,4]{scale=[0.5] zero=[-128] axis=-1} quantised. A node line ends with ": types"
// where an output is quantised, which inference alone could not know, or always if asked for.
// Attributes: 1, 1.0, "text", [1, 2], [1.0, 2.0], ["a"], f32[2] [1, 2]; lists without elements say of what: [], [real], [text].
// Sub-graphs follow their node: with then_branch { ... }. Long constants, and those with elements that are not finite, print as hex bytes: 0x....
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
// The error names the line.
Result<Graph> parse_graph(std::string_view text);

}  // namespace verge
