#include "train/gradient.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lower/executable.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "testing/isa.h"
#include "testing/op_case.h"

namespace verge::train {
namespace {

using testing::fed;
using testing::op_case;
using testing::OpCase;
using testing::random_f32;

using Ints = std::vector<int64_t>;

// An operator whose fed inputs are all differentiated; the loss is its first output times fixed random numbers, summed.
struct GradientCase {
  OpCase made;
  ValueId loss;
};

GradientCase with_loss(OpCase made) {
  Graph& g = made.graph;
  EXPECT_TRUE(ops::infer_types(g).ok());
  const ValueId y = g.outputs()[0];
  const ValueId weights = g.add_constant(random_f32(g.type(y).shape(), 99, 0.5f, 1.5f));
  const auto add = [&](const std::string& op, std::vector<ValueId> in, Attrs attrs) {
    const NodeId id = g.add_node({op, std::move(in), std::move(attrs), op, 1, {}});
    EXPECT_TRUE(ops::infer_node(g, g.node(id)).ok());
    return g.node(id).output();
  };
  const ValueId loss = add("reduce_sum", {add("mul", {y, weights}, {})}, {{"keepdims", int64_t{0}}});
  return {std::move(made), loss};
}

Attrs conv(Ints strides, Ints pads, Ints dilations = {1, 1}, int64_t groups = 1) {
  return {{"layout", std::string("nhwc")}, {"strides", strides}, {"pads", pads}, {"dilations", dilations}, {"groups", groups}};
}
Attrs window(Ints kernel, Ints strides, Ints pads = {0, 0, 0, 0}) {
  return {{"layout", std::string("nhwc")}, {"kernel", kernel}, {"strides", strides}, {"pads", pads}};
}
Attrs with(Attrs attrs, const std::string& name, Attr value) {
  attrs[name] = std::move(value);
  return attrs;
}

std::vector<OpCase> conv_cases() {
  const auto made = [](const std::string& name, Shape x, Shape w, Attrs attrs) {
    return op_case(name, "conv", std::move(attrs), {fed(random_f32(x, 1)), fed(random_f32(w, 2)), fed(random_f32({w[0]}, 3))});
  };
  return {made("plain", {2, 5, 6, 3}, {4, 3, 3, 3}, conv({1, 1}, {1, 1, 1, 1})),
          made("pointwise", {2, 4, 3, 5}, {6, 1, 1, 5}, conv({1, 1}, {0, 0, 0, 0})),
          made("pointwise_stride_2", {1, 5, 4, 3}, {5, 1, 1, 3}, conv({2, 2}, {0, 0, 0, 0})),
          made("stride_2_same", {1, 8, 7, 2}, {3, 3, 3, 2}, with(conv({2, 2}, {0, 0, 0, 0}), "auto_pad", std::string("same_upper"))),
          made("stride_3", {1, 8, 9, 2}, {3, 2, 4, 2}, conv({3, 2}, {1, 2, 0, 1})),
          made("wide_padding", {1, 4, 4, 2}, {3, 2, 2, 2}, conv({1, 1}, {2, 2, 2, 2})),
          made("dilated", {1, 7, 6, 2}, {3, 3, 2, 2}, conv({1, 1}, {1, 0, 2, 1}, {2, 3})),
          made("groups", {1, 5, 4, 4}, {6, 3, 2, 2}, conv({1, 1}, {1, 0, 1, 1}, {1, 1}, 2)),
          made("groups_stride", {1, 5, 4, 4}, {6, 3, 2, 2}, conv({2, 2}, {1, 0, 1, 1}, {1, 1}, 2)),
          made("depthwise", {2, 5, 4, 6}, {6, 3, 3, 1}, conv({1, 1}, {1, 1, 1, 1}, {1, 1}, 6)),
          made("depthwise_stride", {1, 6, 5, 5}, {5, 3, 3, 1}, conv({2, 2}, {0, 1, 1, 1}, {1, 1}, 5)),
          made("depthwise_multiplier", {1, 4, 4, 3}, {6, 3, 3, 1}, conv({1, 1}, {1, 1, 1, 1}, {1, 1}, 3)),
          made("no_padding_left_over", {1, 6, 6, 2}, {3, 3, 3, 2}, conv({2, 2}, {0, 0, 0, 0})),
          made("clamp", {1, 4, 4, 3}, {4, 3, 3, 3}, with(with(conv({1, 1}, {1, 1, 1, 1}), "clamp_min", 0.0), "clamp_max", 0.9)),
          op_case("residual", "conv", conv({1, 1}, {1, 1, 1, 1}),
                  {fed(random_f32({1, 4, 4, 3}, 1)), fed(random_f32({5, 3, 3, 3}, 2)), fed(random_f32({5}, 3)), fed(random_f32({1, 4, 4, 5}, 4))})};
}

std::vector<OpCase> product_cases() {
  return {op_case("dense", "dense", {}, {fed(random_f32({5, 7}, 1)), fed(random_f32({4, 7}, 2)), fed(random_f32({4}, 3))}),
          op_case("dense_rank_3", "dense", {{"clamp_min", 0.0}}, {fed(random_f32({2, 3, 7}, 1)), fed(random_f32({18, 7}, 2)), fed(random_f32({18}, 3))}),
          op_case("matmul", "matmul", {}, {fed(random_f32({3, 4}, 1)), fed(random_f32({4, 5}, 2))}),
          op_case("matmul_trans_b_broadcast", "matmul", {{"trans_b", int64_t{1}}}, {fed(random_f32({2, 3, 4}, 1)), fed(random_f32({5, 4}, 2))})};
}

std::vector<OpCase> pool_cases() {
  return {op_case("max_pool", "max_pool", window({2, 2}, {2, 2}), {fed(random_f32({2, 4, 6, 3}, 1))}),
          op_case("max_pool_overlap", "max_pool", window({3, 3}, {2, 2}, {1, 1, 1, 1}), {fed(random_f32({1, 5, 6, 70}, 1))}),
          op_case("avg_pool", "avg_pool", window({3, 2}, {2, 1}, {1, 0, 1, 1}), {fed(random_f32({1, 5, 4, 3}, 1))}),
          op_case("avg_pool_padded", "avg_pool", with(window({3, 2}, {2, 1}, {1, 0, 1, 1}), "count_include_pad", int64_t{1}), {fed(random_f32({1, 5, 4, 3}, 1))})};
}

std::vector<OpCase> norm_cases() {
  std::vector<OpCase> cases;
  for (int32_t channels : {3, 16, 70}) {
    const auto in = [&](uint64_t seed, float low, float high) { return fed(random_f32({channels}, seed, low, high)); };
    for (const Attrs& attrs : {Attrs{}, Attrs{{"clamp_min", 0.0}}})
      cases.push_back(op_case("batch_norm_" + std::to_string(channels) + (attrs.empty() ? "" : "_clamp"), "batch_norm_train", attrs,
                              {fed(random_f32({2, 3, 2, channels}, 1, -1, 3)), in(2, 0.5f, 2), in(3, -1, 1), testing::constant(random_f32({channels}, 4)),
                               testing::constant(random_f32({channels}, 5, 0.5f, 1))},
                              {{}, {}, {}, {}, {}}));
  }
  return cases;
}

std::vector<OpCase> pointwise_cases() {
  std::vector<OpCase> cases;
  for (const char* op : {"relu", "sigmoid", "tanh", "hswish", "hsigmoid", "silu", "gelu", "elu", "leaky_relu", "softplus", "exp", "neg", "abs", "square", "sin", "cos", "erf"})
    cases.push_back(op_case(op, op, {}, {fed(random_f32({3, 17}, 1, -4, 4))}));
  for (const char* op : {"log", "sqrt", "rsqrt", "reciprocal"}) cases.push_back(op_case(op, op, {}, {fed(random_f32({3, 7}, 2, 0.5f, 3))}));
  cases.push_back(op_case("gelu_tanh", "gelu", {{"approximate", std::string("tanh")}}, {fed(random_f32({33}, 3, -3, 3))}));
  cases.push_back(op_case("clamp", "clamp", {{"min", -0.5}, {"max", 1.0}}, {fed(random_f32({33}, 3, -2, 2))}));
  for (const char* op : {"add", "sub", "mul", "div", "minimum", "maximum", "squared_difference", "prelu"}) {
    const bool slope = std::string(op) == "prelu";
    cases.push_back(op_case(op, op, {}, {fed(random_f32({2, 3, 5}, 4, -2, 2)), fed(random_f32({2, 3, 5}, 5, 0.5f, 2))}));
    cases.push_back(op_case(op + std::string("_broadcast"), op, {}, {fed(random_f32({2, 3, 5}, 4, -2, 2)), fed(random_f32({3, 1}, 5, 0.5f, 2))}));
    if (!slope) cases.push_back(op_case(op + std::string("_spread"), op, {{"clamp_max", 1.5}}, {fed(random_f32({5}, 4, -2, 2)), fed(random_f32({4, 1, 5}, 5, 0.5f, 2))}));
  }
  cases.push_back(op_case("softmax", "softmax", {{"axis", int64_t{-1}}}, {fed(random_f32({3, 6}, 6, -2, 2))}));
  cases.push_back(op_case("log_softmax", "log_softmax", {{"axis", int64_t{1}}}, {fed(random_f32({3, 6}, 6, -2, 2))}));
  for (const char* op : {"reduce_sum", "reduce_mean", "reduce_sum_square"}) {
    cases.push_back(op_case(op, op, {{"axes", Ints{1, 2}}, {"keepdims", int64_t{0}}}, {fed(random_f32({2, 3, 4, 5}, 7))}));
    cases.push_back(op_case(op + std::string("_keep"), op, {{"axes", Ints{-1}}}, {fed(random_f32({3, 4}, 7))}));
  }
  return cases;
}

std::vector<OpCase> movement_cases() {
  const testing::CaseInput x = fed(random_f32({2, 3, 4}, 1)), picture = fed(random_f32({1, 4, 2, 8}, 2));
  return {op_case("reshape", "reshape", {{"shape", Ints{4, 6}}}, {x}),
          op_case("transpose", "transpose", {{"perm", Ints{2, 0, 1}}}, {x}),
          op_case("pad", "pad", {{"mode", std::string("constant")}, {"pads", Ints{0, 1, 2, 1, 0, 0}}, {"value", 3.0}}, {x}),
          op_case("slice", "slice", {{"starts", Ints{1, -3}}, {"ends", Ints{3, 4}}, {"axes", Ints{1, 2}}}, {x}),
          op_case("split", "split", {{"axis", int64_t{2}}, {"sizes", Ints{1, 3}}}, {x}, {{}, {}}),
          op_case("concat", "concat", {{"axis", int64_t{1}}}, {x, fed(random_f32({2, 2, 4}, 3)), x}),
          op_case("expand", "expand", {{"shape", Ints{5, 2, 3, 4}}}, {x}),
          op_case("expand_one", "expand", {{"shape", Ints{2, 3, 4}}}, {fed(random_f32({3, 1}, 4))}),
          op_case("depth_to_space", "depth_to_space", {{"layout", std::string("nhwc")}, {"block", int64_t{2}}}, {picture}),
          op_case("space_to_depth", "space_to_depth", {{"layout", std::string("nhwc")}, {"block", int64_t{2}}}, {picture})};
}

std::vector<OpCase> loss_cases() {
  return {op_case("cross_entropy", "cross_entropy", {}, {fed(random_f32({4, 6}, 1, -2, 2)), testing::constant(random_f32({4, 6}, 2, 0, 0.3f))}, {{}, {}})};
}

// The same graph in f64, for the reference alone.
Graph in_doubles(const Graph& graph) {
  Graph g = graph;
  for (uint32_t i = 0; i < g.value_count(); ++i) {
    Value& v = g.value(ValueId{i});
    if (v.type.dtype != DataType::kF32) continue;
    v.type.dtype = DataType::kF64;
    if (v.constant) v.constant = std::make_shared<Tensor>(cast_tensor(*v.constant, DataType::kF64));
  }
  return g;
}

double loss_at(const Graph& graph, const std::vector<Tensor>& inputs) {
  const auto out = ops::interpret(graph, inputs);
  EXPECT_TRUE(out.ok()) << out.error().message();
  return out->back().at(0);
}

// Central differences of the loss for input i.
std::vector<double> differences(const GradientCase& c, size_t i) {
  constexpr double kStep = 1e-5;
  Graph g = in_doubles(c.made.graph);
  g.add_output(c.loss, "loss");
  std::vector<Tensor> inputs;
  for (const Tensor& t : c.made.inputs) inputs.push_back(cast_tensor(t, DataType::kF64));
  std::vector<double> out;
  for (int64_t k = 0; k < inputs[i].count(); ++k) {
    std::vector<Tensor> at = inputs;
    const auto moved = [&](double by) {
      at[i] = Tensor::of<double>(inputs[i].shape(), inputs[i].to_doubles());
      at[i].mut<double>()[static_cast<size_t>(k)] += by;
      return loss_at(g, at);
    };
    out.push_back((moved(kStep) - moved(-kStep)) / (2 * kStep));
  }
  return out;
}

// The gradient through lowering, Program and runtime.
Result<std::vector<Tensor>> run_gradient(const GradientCase& c, int threads) {
  Graph g = c.made.graph;
  const std::vector<ValueId> wrt = g.inputs();
  VERGE_TRY(const std::vector<ValueId> gradients, gradient(g, c.loss, wrt));
  for (ValueId v : gradients) g.add_output(v, "gradient" + std::to_string(v.index));
  VERGE_TRY(const Lowered lowered, lower(g));
  VERGE_TRY(Executable executable, Executable::open(lowered.program, {threads}));
  VERGE_TRY(std::vector<Tensor> out, executable.run(c.made.inputs));
  return std::vector<Tensor>(out.end() - static_cast<int64_t>(wrt.size()), out.end());
}

void expect_close(const Tensor& got, const std::vector<double>& want, size_t input) {
  ASSERT_EQ(static_cast<size_t>(got.count()), want.size());
  double largest = 1e-3;
  for (double w : want) largest = std::fmax(largest, std::fabs(w));
  for (size_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(got.at(static_cast<int64_t>(i)), want[i], 1e-3 * largest) << "input " << input << ", element " << i << " of " << want.size();
}

struct Family {
  const char* name;
  std::vector<OpCase> (*cases)();
};

class Gradients : public ::testing::TestWithParam<Family> {};

TEST_P(Gradients, AreThoseOfCentralDifferences) {
  for (OpCase& made : GetParam().cases()) {
    SCOPED_TRACE(made.name);
    const GradientCase c = with_loss(std::move(made));
    std::vector<std::vector<double>> want;
    for (size_t i = 0; i < c.made.inputs.size(); ++i) want.push_back(differences(c, i));
    for (Isa isa : testing::caps()) {
      SCOPED_TRACE(isa_name(isa));
      const testing::IsaCap cap(isa);
      const auto got = run_gradient(c, 1);
      ASSERT_TRUE(got.ok()) << got.error().message();
      for (size_t i = 0; i < want.size(); ++i) expect_close((*got)[i], want[i], i);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Gradients, DoNotDependOnTheNumberOfThreads) {
  for (OpCase& made : GetParam().cases()) {
    SCOPED_TRACE(made.name);
    const GradientCase c = with_loss(std::move(made));
    const auto one = run_gradient(c, 1), three = run_gradient(c, 3);
    ASSERT_TRUE(one.ok() && three.ok());
    for (size_t i = 0; i < one->size(); ++i) EXPECT_TRUE(std::equal((*one)[i].bytes().begin(), (*one)[i].bytes().end(), (*three)[i].bytes().begin())) << "input " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Gradients,
                         ::testing::Values(Family{"conv", conv_cases}, Family{"product", product_cases}, Family{"pool", pool_cases}, Family{"norm", norm_cases},
                                           Family{"pointwise", pointwise_cases}, Family{"movement", movement_cases}, Family{"loss", loss_cases}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Gradient, AValueThatIsReadTwiceGetsTheSum) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{3}));
  const NodeId square = g.add_node({"mul", {x, x}, {}, "square"});
  const NodeId sum = g.add_node({"reduce_sum", {g.node(square).output()}, {{"keepdims", int64_t{0}}}, "sum"});
  ASSERT_TRUE(ops::infer_types(g).ok());
  const auto d = gradient(g, g.node(sum).output(), std::vector{x});
  ASSERT_TRUE(d.ok()) << d.error().message();
  g.add_output((*d)[0], "dx");
  const auto lowered = lower(g);
  ASSERT_TRUE(lowered.ok());
  auto executable = Executable::open(lowered->program);
  const Tensor at = Tensor::of<float>({3}, {1, -2, 3});
  const auto out = executable->run(std::span(&at, 1));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ((*out)[0].to_doubles(), (std::vector<double>{2, -4, 6}));
}

// y = s * round(clamp(x / s, -2, 2)): dy/dx is 1 inside; dy/ds is round(x / s) - x / s inside, the bound outside (Esser et al. 2020).
TEST(Gradient, ARoundingThatIsStraightThroughGivesTheSlopesOfLearnedSteps) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{4})), s = g.add_input("s", TensorType(DataType::kF32, Shape{1}));
  const auto add = [&](const std::string& op, std::vector<ValueId> in, Attrs attrs = {}) { return g.node(g.add_node({op, std::move(in), std::move(attrs), op})).output(); };
  const ValueId steps = add("round", {add("clamp", {add("div", {x, s})}, {{"min", -2.0}, {"max", 2.0}})}, {{"straight_through", int64_t{1}}});
  const ValueId sum = add("reduce_sum", {add("mul", {steps, s})}, {{"keepdims", int64_t{0}}});
  ASSERT_TRUE(ops::infer_types(g).ok());
  const auto d = gradient(g, sum, std::vector{x, s});
  ASSERT_TRUE(d.ok()) << d.error().message();
  g.add_output((*d)[0], "dx");
  g.add_output((*d)[1], "ds");
  const auto lowered = lower(g);
  ASSERT_TRUE(lowered.ok());
  auto executable = Executable::open(lowered->program);
  const std::vector<Tensor> at = {Tensor::of<float>({4}, {0.35f, -0.6f, 3.0f, -9.0f}), Tensor::of<float>({1}, {0.5f})};
  const auto out = executable->run(at);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ((*out)[0].to_doubles(), (std::vector<double>{1, 1, 0, 0}));
  EXPECT_NEAR((*out)[1].at(0), (1 - 0.7) + (-1 + 1.2) + 2 - 2, 1e-5);
}

TEST(Gradient, AnOperatorWithoutDerivativeIsNamed) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{3}));
  const NodeId rounded = g.add_node({"floor", {x}, {}, "rounding"});
  const NodeId sum = g.add_node({"reduce_sum", {g.node(rounded).output()}, {{"keepdims", int64_t{0}}}, "sum"});
  ASSERT_TRUE(ops::infer_types(g).ok());
  const auto d = gradient(g, g.node(sum).output(), std::vector{x});
  ASSERT_FALSE(d.ok());
  EXPECT_EQ(d.error().message(), "node 'rounding' (floor): no derivative of this operator; keep it out of the way from the parameters to the loss");
}

}  // namespace
}  // namespace verge::train
