#include "passes/values_in_bf16.h"

#include "passes/pass_test.h"
#include "passes/products_in_bf16.h"

namespace verge::passes {
namespace {

ValueId constant(Graph& g, const Shape& shape) {
  Tensor t(DataType::kF32, shape);
  const std::vector<float> values = testing::seeded_floats(static_cast<size_t>(shape.count()), 3);
  std::copy(values.begin(), values.end(), t.mut<float>().begin());
  return g.add_constant(std::move(t));
}

ValueId add(Graph& g, const char* op, std::vector<ValueId> inputs) { return g.node(g.add_node({op, std::move(inputs), {}, op})).output(); }

ValueId dense(Graph& g, ValueId x, int32_t in, int32_t out) { return add(g, "dense", {x, constant(g, {out, in})}); }

DataType type_of(const Graph& g, ValueId value) { return g.type(value).dtype; }

void choose(Graph& g, ValueId output) {
  g.add_output(output, "y");
  ASSERT_TRUE(ops::infer_types(g).ok());
  products_in_bf16(g);
  values_in_bf16(g);
}

TEST(ValuesInBf16, ThoseBetweenTwoProducts) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{32, 64})), before = add(g, "exp", {x}), first = dense(g, before, 64, 64);
  const ValueId middle = add(g, "gelu", {first}), last = dense(g, middle, 64, 64), after = add(g, "exp", {last});
  choose(g, after);
  EXPECT_EQ(type_of(g, before), DataType::kF32);
  EXPECT_EQ(type_of(g, first), DataType::kBF16);
  EXPECT_EQ(type_of(g, middle), DataType::kBF16);
  EXPECT_EQ(type_of(g, last), DataType::kF32);
  EXPECT_EQ(type_of(g, after), DataType::kF32);
}

TEST(ValuesInBf16, NoneWhereTheLargestHasFewBytes) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{32, 64})), first = dense(g, x, 64, 64);
  g.add_output(dense(g, first, 64, 64), "y");
  ASSERT_TRUE(ops::infer_types(g).ok());
  products_in_bf16(g);
  constexpr int64_t kBytes = 32 * 64 * 4;
  EXPECT_EQ(values_in_bf16(g, kBytes + 1), 0u);
  EXPECT_EQ(type_of(g, first), DataType::kF32);
  EXPECT_EQ(values_in_bf16(g, kBytes), 1u);
  EXPECT_EQ(type_of(g, first), DataType::kBF16);
}

TEST(ValuesInBf16, NotThoseOfOperatorsWithoutIt) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{32, 64})), first = dense(g, x, 64, 64), half = add(g, "relu", {first});
  const ValueId sums = g.node(g.add_node({"softmax", {half}, {}, "softmax"})).output(), other = dense(g, first, 64, 64), sum = add(g, "add", {sums, other});
  choose(g, dense(g, sum, 64, 64));
  EXPECT_EQ(type_of(g, half), DataType::kF32) << "softmax reads it";
  EXPECT_EQ(type_of(g, first), DataType::kF32) << "relu has one type for both, and what it makes is f32";
  EXPECT_EQ(type_of(g, sums), DataType::kF32);
  EXPECT_EQ(type_of(g, other), DataType::kBF16);
  EXPECT_EQ(type_of(g, sum), DataType::kBF16);
}

}  // namespace
}  // namespace verge::passes
