#include "passes/min_cut.h"

#include <algorithm>

namespace verge::passes {

int MinCut::add_vertex() {
  edges_.emplace_back();
  return static_cast<int>(edges_.size()) - 1;
}

void MinCut::add_edge(int from, int to, int64_t capacity) {
  edges_[from].push_back({to, capacity, edges_[to].size()});
  edges_[to].push_back({from, 0, edges_[from].size() - 1});
}

// Distances from the source along edges with capacity left; false when the sink is out of reach.
bool MinCut::find_levels() {
  level_.assign(edges_.size(), -1);
  level_[kSource] = 0;
  std::vector<int> reached{kSource};
  for (size_t i = 0; i < reached.size(); ++i)
    for (const Edge& e : edges_[reached[i]])
      if (e.left > 0 && level_[e.to] < 0) {
        level_[e.to] = level_[reached[i]] + 1;
        reached.push_back(e.to);
      }
  return level_[kSink] >= 0;
}

// One path to the sink that climbs a level with each edge; returns what flows along it.
int64_t MinCut::push(int vertex, int64_t flow) {
  if (vertex == kSink) return flow;
  for (size_t& i = next_[vertex]; i < edges_[vertex].size(); ++i) {
    Edge& e = edges_[vertex][i];
    if (e.left <= 0 || level_[e.to] != level_[vertex] + 1) continue;
    const int64_t pushed = push(e.to, std::min(flow, e.left));
    if (!pushed) continue;
    e.left -= pushed;
    edges_[e.to][e.back].left += pushed;
    return pushed;
  }
  return 0;
}

std::vector<bool> MinCut::source_side() {
  while (find_levels()) {
    next_.assign(edges_.size(), 0);
    while (push(kSource, kNever)) {
    }
  }
  // The sink's side: what still reaches the sink, and nothing else.
  std::vector<bool> source(edges_.size(), true);
  std::vector<int> reached{kSink};
  source[kSink] = false;
  for (size_t i = 0; i < reached.size(); ++i)
    for (const Edge& e : edges_[reached[i]])
      if (source[e.to] && edges_[e.to][e.back].left > 0) {
        source[e.to] = false;
        reached.push_back(e.to);
      }
  return source;
}

}  // namespace verge::passes
