// Divides the vertices of a network between source and sink so that the capacities of the edges that lead from the source's side to the sink's side sum up least.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace verge::passes {

class MinCut {
 public:
  static constexpr int kSource = 0, kSink = 1;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 4;  // the capacity of an edge that must not be cut

  int add_vertex();
  void add_edge(int from, int to, int64_t capacity);
  // For each vertex whether it is on the source's side. Of several least cuts the one with the most vertices there.
  std::vector<bool> source_side();

 private:
  struct Edge {
    int to;
    int64_t left;
    size_t back;  // the reverse edge's place in edges_[to]
  };
  bool find_levels();
  int64_t push(int vertex, int64_t flow);

  std::vector<std::vector<Edge>> edges_{2};
  std::vector<int> level_;
  std::vector<size_t> next_;
};

}  // namespace verge::passes
