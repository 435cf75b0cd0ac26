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

}  // namespace
}  // namespace verge
