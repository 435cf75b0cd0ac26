// What fusing rules share: the bounds of a fused activation, and the names of the nodes that went into one.
#pragma once
#include <initializer_list>
#include <limits>
#include <optional>

#include "ir/graph.h"

namespace verge::passes {

// min(max(x, low), high)
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool unbounded() const { return *this == Bounds(); }
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// The fused activation of a node: attributes clamp_min, clamp_max.
Bounds fused_bounds(const Node& node);
void set_fused_bounds(Attrs& attrs, Bounds bounds);
// What relu and clamp do, as bounds; none for another operator.
std::optional<Bounds> activation_bounds(const Node& node);
// First `inner`, then `outer`, as one.
Bounds merged(Bounds inner, Bounds outer);

// The attributes of `main` for a node that also does the work of `taken`: "sources" lists the names of all of them. The new node keeps main's name.
Attrs fused_attrs(const Node& main, std::initializer_list<const Node*> taken);

}  // namespace verge::passes
