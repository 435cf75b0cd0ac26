#include "passes/min_cut.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/seeded.h"

namespace verge::passes {
namespace {

struct Arc {
  int from, to;
  int64_t capacity;
};

int64_t cost(const std::vector<Arc>& arcs, const std::vector<bool>& source) {
  int64_t sum = 0;
  for (const Arc& a : arcs) sum += source[a.from] && !source[a.to] ? a.capacity : 0;
  return sum;
}

TEST(MinCut, AgreesWithTryingEveryDivision) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    testing::Random random(seed);
    constexpr int kVertices = 8;
    MinCut cut;
    for (int i = 2; i < kVertices; ++i) cut.add_vertex();
    std::vector<Arc> arcs;
    for (int i = 0; i < 20; ++i) arcs.push_back({static_cast<int>(random.next() % kVertices), static_cast<int>(random.next() % kVertices), random.next() % 10});
    for (const Arc& a : arcs) cut.add_edge(a.from, a.to, a.capacity);
    int64_t least = INT64_MAX;
    size_t most_vertices = 0;
    for (int mask = 0; mask < 1 << (kVertices - 2); ++mask) {
      std::vector<bool> source(kVertices);
      source[MinCut::kSource] = true;
      for (int i = 2; i < kVertices; ++i) source[i] = mask >> (i - 2) & 1;
      const int64_t sum = cost(arcs, source);
      const auto vertices = static_cast<size_t>(std::count(source.begin(), source.end(), true));
      if (sum < least) most_vertices = 0;
      if (sum <= least) most_vertices = std::max(most_vertices, vertices);
      least = std::min(least, sum);
    }
    const std::vector<bool> source = cut.source_side();
    EXPECT_EQ(cost(arcs, source), least) << "seed " << seed;
    EXPECT_EQ(static_cast<size_t>(std::count(source.begin(), source.end(), true)), most_vertices) << "seed " << seed;
  }
}

TEST(MinCut, NeverCutsAnEdgeThatMustHold) {
  MinCut cut;
  const int a = cut.add_vertex(), b = cut.add_vertex();
  cut.add_edge(MinCut::kSource, a, MinCut::kNever);
  cut.add_edge(a, b, 5);
  cut.add_edge(b, MinCut::kSink, MinCut::kNever);
  EXPECT_EQ(cut.source_side(), (std::vector<bool>{true, false, true, false}));
}

}  // namespace
}  // namespace verge::passes
