#include <gtest/gtest.h>

#include "lower/executable.h"
#include "lower/lower.h"
#include "ops/op.h"

namespace verge {
namespace {

Graph reshaping_graph() {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{2, 3}));
  const NodeId r = g.add_node({"reshape", {x}, {{"shape", std::vector<int64_t>{3, 2}}}, "r"});
  g.add_output(g.node(r).output(), "y");
  return g;
}

TEST(Lower, ARoundTripThroughTheProgramKeepsTheBytes) {
  Graph g = reshaping_graph();
  ASSERT_TRUE(ops::infer_types(g).ok());
  auto lowered = lower(g);
  ASSERT_TRUE(lowered.ok()) << lowered.error().message();
  auto executable = Executable::open(lowered->program);
  ASSERT_TRUE(executable.ok()) << executable.error().message();
  const Tensor x = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  auto y = executable->run(std::span(&x, 1));
  ASSERT_TRUE(y.ok());
  EXPECT_EQ((*y)[0].shape(), (Shape{3, 2}));
  EXPECT_EQ((*y)[0].at(5), 6);
  EXPECT_STREQ(executable->model().output_name(0), "y");  // the graph's name for it, not the value's
}

TEST(Lower, AWrongInputIsNamedWithBothTypes) {
  Graph g = reshaping_graph();
  ASSERT_TRUE(ops::infer_types(g).ok());
  auto executable = Executable::open(lower(g)->program);
  const Tensor x = Tensor::of<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  auto y = executable->run(std::span(&x, 1));
  ASSERT_FALSE(y.ok());
  EXPECT_EQ(y.error().message(), "input 'x' is f32[2,3], the tensor given is f32[3,2]");
}

TEST(Lower, EveryTruncationAndBitFlipOfAProgramIsRefusedOrRuns) {
  Graph g = reshaping_graph();
  ASSERT_TRUE(ops::infer_types(g).ok());
  const Bytes program = lower(g)->program;
  for (size_t n = 0; n < program.size(); ++n) EXPECT_FALSE(Executable::open(ByteSpan(program).first(n)).ok()) << "cut at " << n;
  const Tensor x = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  for (size_t bit = 0; bit < program.size() * 8; ++bit) {
    Bytes damaged = program;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    auto executable = Executable::open(damaged);
    if (executable.ok()) (void)executable->run(std::span(&x, 1)).ok();
  }
}

// total' = total + x, and total read once more after that.
struct Counter {
  Graph graph;
  StateBinding state;
};

Counter counter(bool in_place) {
  Counter c;
  Graph& g = c.graph;
  const TensorType type(DataType::kF32, Shape{2});
  const ValueId x = g.add_input("x", type), total = g.add_input("total", type), velocity = g.add_input("velocity", type), schedule = g.add_input("schedule", TensorType(DataType::kF32, Shape{3}));
  const NodeId next = in_place ? g.add_node({"sgd", {total, velocity, x, schedule}, {}, "next", 2}) : g.add_node({"add", {total, x}, {}, "next"});
  const NodeId seen = g.add_node({"neg", {total}, {}, "seen"});
  g.add_output(g.node(seen).output(), "seen");
  g.add_output(g.node(next).output(), "next");
  c.state = {total, g.node(next).output(), Tensor::of<float>({2}, {10, 20})};
  return c;
}

TEST(Lower, AStateKeepsItsNextValueFromRunToRun) {
  for (const bool in_place : {false, true}) {
    Counter c = counter(in_place);
    ASSERT_TRUE(ops::infer_types(c.graph).ok());
    auto lowered = lower(c.graph, {}, std::span(&c.state, 1));
    ASSERT_TRUE(lowered.ok()) << lowered.error().message();
    auto executable = Executable::open(lowered->program);
    ASSERT_TRUE(executable.ok()) << executable.error().message();
    ASSERT_EQ(executable->input_count(), 3u);
    ASSERT_EQ(executable->output_count(), 1u);
    const std::vector<Tensor> in = {Tensor::of<float>({2}, {1, 2}), Tensor(DataType::kF32, {2}), Tensor::of<float>({3}, {-1, 1, 1})};
    for (const double want : {-10.0, -11.0, -12.0}) {
      const auto out = executable->run(in);
      ASSERT_TRUE(out.ok());
      EXPECT_EQ((*out)[0].at(0), want) << "in place: " << in_place;  // what was there before this run
    }
    executable->session().reset();
    EXPECT_EQ(executable->run(in)->at(0).at(1), -20);
  }
}

}  // namespace
}  // namespace verge
