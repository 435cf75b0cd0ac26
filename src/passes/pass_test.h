// Passes tested as text: the graph before, the graph after, and the same function on seeded inputs.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "ir/text_form.h"
#include "ops/op.h"
#include "passes/pass.h"
#include "testing/seeded.h"

namespace verge::passes {

inline Graph parsed(const std::string& text) {
  auto graph = parse_graph(text);
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().message()) << "\n" << text;
  if (!graph.ok()) return {};
  const auto typed = ops::infer_types(*graph);
  EXPECT_TRUE(typed.ok()) << (typed.ok() ? "" : typed.error().message()) << "\n" << text;
  return *std::move(graph);
}

// Numbers within the input's type: reals in [-2, 2], small integers, any quantised value. Symbols become 2.
inline std::vector<Tensor> seeded_inputs(const Graph& graph, uint64_t seed) {
  testing::Random random(seed);
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs()) {
    TensorType type = graph.type(id);
    for (Dim& d : type.dims)
      if (!d.known()) d = Dim(2);
    Tensor wide(DataType::kF32, type.shape());
    const bool bytes = type.quantized(), real = is_float(type.dtype);
    const float low = real ? -2 : !bytes ? 0 : type.dtype == DataType::kI8 ? -128 : 0, high = real ? 2 : bytes ? low + 255.99f : 5;
    for (float& v : wide.mut<float>()) v = real ? random.uniform(low, high) : std::floor(random.uniform(low, high));
    inputs.push_back(cast_tensor(wide, type.dtype));
    inputs.back().set_quant(type.quant);
  }
  return inputs;
}

// Every output of the two graphs within `tolerance` of the largest number in it (quantised outputs: within `steps` of the integer).
inline void expect_same_function(const Graph& before, const Graph& after, double tolerance = 2e-6, double steps = 0) {
  for (const uint64_t seed : {1, 2}) {
    const auto want = ops::interpret(before, seeded_inputs(before, seed)), have = ops::interpret(after, seeded_inputs(after, seed));
    ASSERT_TRUE(want.ok()) << want.error().message();
    ASSERT_TRUE(have.ok()) << have.error().message();
    ASSERT_EQ(want->size(), have->size());
    for (size_t i = 0; i < want->size(); ++i) {
      const Tensor &a = (*want)[i], &b = (*have)[i];
      ASSERT_EQ(a.dtype(), b.dtype()) << "output " << i;
      ASSERT_EQ(a.shape(), b.shape()) << "output " << i;
      double largest = 1;
      for (int64_t k = 0; k < a.count(); ++k) largest = std::max(largest, std::fabs(a.at(k)));
      const double allowed = is_float(a.dtype()) ? tolerance * largest : steps;
      for (int64_t k = 0; k < a.count(); ++k) ASSERT_NEAR(a.at(k), b.at(k), allowed) << "seed " << seed << ", output " << i << ", element " << k;
    }
  }
}

inline std::string normal(const std::string& text) { return print_graph(parsed(text)); }

// `run` turns `before` into `after`, and both compute the same.
template <typename Run> void expect_after(Run run, const std::string& before, const std::string& after, double tolerance = 2e-6, double steps = 0) {
  const Graph source = parsed(before);
  Graph graph = source;
  const auto report = run(graph);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(print_graph(graph.compacted()), normal(after));
  expect_same_function(source, graph, tolerance, steps);
}

inline void expect_rewrite(std::vector<const Rule*> rules, const std::string& before, const std::string& after, double tolerance = 2e-6, double steps = 0) {
  const Pass pass{"tested", std::move(rules)};
  expect_after([&](Graph& graph) { return run_passes(graph, std::span(&pass, 1)); }, before, after, tolerance, steps);
}

inline void expect_unchanged(std::vector<const Rule*> rules, const std::string& text) {
  const Pass pass{"tested", std::move(rules)};
  Graph graph = parsed(text);
  const auto report = run_passes(graph, std::span(&pass, 1));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(print_graph(graph), normal(text));
}

}  // namespace verge::passes
