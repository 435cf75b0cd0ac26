// Channels that cannot vary are folded and removed, and not one bit of an output changes.
#include "ops/op.h"
#include "passes/channel_facts.h"
#include "passes/pass_test.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

const Pass kPass{"constant_channels", {}, remove_constant_channels};

void expect_removed(const std::string& before, const std::string& after) {
  const Graph source = parsed(before);
  Graph graph = source;
  const auto report = run_passes(graph, std::span(&kPass, 1));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(graph.metadata.erase("verge.constant_channels"), size_t{before != after});
  EXPECT_EQ(print_graph(graph.compacted()), normal(after));
  expect_same_function(source, graph);
}

void expect_kept(const std::string& text) { expect_removed(text, text); }

const char* const kX = "{scale=[0.05] zero=[3] axis=-1}";
const char* const kA = "{scale=[0.1] zero=[-5] axis=-1}";
const char* const kW = "{scale=[0.02] zero=[0] axis=-1}";

std::string i8(const std::string& shape, const char* quant) { return "i8[" + shape + "]" + quant; }

// Two channels from one, the second the constant 10 (a sum of 150 * 0.05 * 0.02 / 0.1 = 15 steps above the zero point -5), then `rest`.
std::string second_is_ten(const std::string& rest) {
  return "input %x: " + i8("1,3,3,1", kX) + "\nconst %w: " + i8("2,1,1,1", kW) + " = [50, 0]\nconst %c: i32[2] = [7, 1500]\n" +
         "%a = conv(%x, %w, %c) {layout=\"nhwc\"} \"first\": " + i8("1,3,3,2", kA) + "\n" + rest;
}
const std::string kFirstAlone = "input %x: " + i8("1,3,3,1", kX) + "\nconst %w: " + i8("1,1,1,1", kW) + " = [50]\nconst %c: i32[1] = [7]\n" +
                                "%a = conv(%x, %w, %c) {layout=\"nhwc\"} \"first\": " + i8("1,3,3,1", kA) + "\n";

TEST(ConstantChannels, GoIntoTheBiasOfAConvolution) {
  expect_removed(second_is_ten("const %u: " + i8("1,1,1,2", kW) +
                               " = [30, -4]\nconst %b: i32[1] = [100]\n%y = conv(%a, %u, %b) {layout=\"nhwc\"}: " + i8("1,3,3,1", kX) + "\noutput %y\n"),
                 kFirstAlone + "const %u: " + i8("1,1,1,1", kW) +
                     " = [30]\nconst %b: i32[1] = [40]\n%y = conv(%a, %u, %b) {layout=\"nhwc\"}: " + i8("1,3,3,1", kX) + "\noutput %y\n");
}

TEST(ConstantChannels, StayWherePaddingWouldShow) {
  expect_kept(second_is_ten("const %u: " + i8("1,3,3,2", kW) +
                            " = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n%y = conv(%a, %u) {layout=\"nhwc\", pads=[1, 1, 1, 1]}: " +
                            i8("1,3,3,1", kX) + "\noutput %y\n"));
}

TEST(ConstantChannels, GoIntoTheBiasOfAWindowWithoutPadding) {
  expect_removed(second_is_ten("const %u: " + i8("1,1,3,2", kW) + " = [1, 2, 3, 4, 5, 6]\nconst %b: i32[1] = [100]\n%y = conv(%a, %u, %b) {layout=\"nhwc\"}: " +
                               i8("1,3,1,1", kX) + "\noutput %y\n"),
                 kFirstAlone + "const %u: " + i8("1,1,3,1", kW) +
                     " = [1, 3, 5]\nconst %b: i32[1] = [280]\n%y = conv(%a, %u, %b) {layout=\"nhwc\"}: " + i8("1,3,1,1", kX) + "\noutput %y\n");
}

TEST(ConstantChannels, AtTheZeroPointFoldUnderPaddingToo) {
  std::string before = second_is_ten("const %u: " + i8("1,1,3,2", kW) +
                                     " = [1, 2, 3, 4, 5, 6]\n%y = conv(%a, %u) {layout=\"nhwc\", pads=[0, 1, 0, 1]}: " + i8("1,3,3,1", kX) + "\noutput %y\n");
  before.replace(before.find("1500"), 4, "0");
  expect_removed(before, kFirstAlone + "const %u: " + i8("1,1,3,1", kW) +
                             " = [1, 3, 5]\n%y = conv(%a, %u) {layout=\"nhwc\", pads=[0, 1, 0, 1]}: " + i8("1,3,3,1", kX) + "\noutput %y\n");
}

// The constant goes through a depthwise convolution, a pool and a flattening; each drops its channel.
TEST(ConstantChannels, GoWithWhateverCarriesThem) {
  const std::string pool = "{kernel=[3, 3], layout=\"nhwc\"}";
  expect_removed(
      second_is_ten("const %d: " + i8("2,1,1,1", kW) + " = [40, 20]\n%e = conv(%a, %d) {groups=2, layout=\"nhwc\"}: " + i8("1,3,3,2", kA) +
                    "\n%p = reshape(%e) {shape=[1, 18]}: " + i8("1,18", kA) + "\nconst %u: " + i8("2,18", kW) +
                    " = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n%y = dense(%p, "
                    "%u) \"last\": " +
                    i8("1,2", kX) + "\noutput %y\n"),
      kFirstAlone + "const %d: " + i8("1,1,1,1", kW) + " = [40]\n%e = conv(%a, %d) {groups=1, layout=\"nhwc\"}: " + i8("1,3,3,1", kA) +
          "\n%p = reshape(%e) {shape=[1, 9]}: " + i8("1,9", kA) + "\nconst %u: " + i8("2,9", kW) +
          " = [1, 3, 5, 7, 9, 11, 13, 15, 17, 0, 0, 0, 9, 0, 0, 0, 0, 0]\nconst %last.bias: i32[2] = [540, 6]\n%y = dense(%p, %u, %last.bias) \"last\": " +
          i8("1,2", kX) + "\noutput %y\n");
}

// A sum keeps a channel of both sides unless it may drop it on both.
TEST(ConstantChannels, OfAResidualGoOnBothSidesOrNeither) {
  const std::string both = "const %v: " + i8("2,1,1,1", kW) + " = [9, %d]\n%e = conv(%x, %v) {layout=\"nhwc\"}: " + i8("1,3,3,2", kA) +
                           "\n%s = add(%a, %e): " + i8("1,3,3,2", kA) + "\nconst %u: " + i8("1,1,1,2", kW) +
                           " = [30, -4]\n%y = conv(%s, %u) {layout=\"nhwc\"}: " + i8("1,3,3,1", kX) + "\noutput %y\n";
  const auto with = [&](const char* weight) { return second_is_ten(std::string(both).replace(both.find("%d"), 2, weight)); };
  Graph varies = parsed(with("8")), constant = parsed(with("0"));
  const Graph source = constant;
  ASSERT_EQ(*remove_constant_channels(varies), 0u);
  ASSERT_EQ(*remove_constant_channels(constant), 4u);
  for (const ValueId v :
       {constant.node(constant.order()[0]).output(), constant.node(constant.order()[1]).output(), constant.node(constant.order()[2]).output()})
    EXPECT_EQ(constant.type(v).dims[3], Dim(1));
  expect_same_function(source, constant);
}

TEST(ConstantChannels, ThatNobodyWeighsGoAlthoughTheyVary) {
  expect_removed("input %x: " + i8("1,3", kX) + "\nconst %w: " + i8("2,3", kW) + " = [1, 2, 3, 4, 5, 6]\n%a = dense(%x, %w): " + i8("1,2", kA) +
                     "\nconst %u: " + i8("1,2", kW) + " = [0, 7]\n%y = dense(%a, %u): " + i8("1,1", kX) + "\noutput %y\n",
                 "input %x: " + i8("1,3", kX) + "\nconst %w: " + i8("1,3", kW) + " = [4, 5, 6]\n%a = dense(%x, %w): " + i8("1,1", kA) +
                     "\nconst %u: " + i8("1,1", kW) + " = [7]\n%y = dense(%a, %u): " + i8("1,1", kX) + "\noutput %y\n");
}

// One scale for all of the weights is multiplied with the input's in float, a scale for each output in double.
TEST(ConstantChannels, LeaveADenseLayerItsWayOfMultiplyingScales) {
  expect_kept("input %x: " + i8("1,3", kX) + "\nconst %w: i8[2,3]{scale=[0.02, 0.03] zero=[0, 0] axis=0} = [1, 2, 3, 4, 5, 6]\n%a = dense(%x, %w): " +
              i8("1,2", kA) + "\nconst %u: " + i8("1,2", kW) + " = [0, 7]\n%y = dense(%a, %u): " + i8("1,1", kX) + "\noutput %y\n");
}

TEST(ConstantChannels, OfAnOutputStay) { expect_kept(second_is_ten("output %a\n")); }

TEST(ConstantChannels, SayWhatWasProvedAndRemoved) {
  Graph graph = parsed(
      second_is_ten("const %u: " + i8("1,1,1,2", kW) + " = [30, -4]\n%y = conv(%a, %u) {layout=\"nhwc\"} \"second\": " + i8("1,3,3,1", kX) + "\noutput %y\n"));
  ASSERT_EQ(*remove_constant_channels(graph), 2u);
  EXPECT_EQ(graph.metadata["verge.constant_channels"],
            "{\"constant\":1,\"removed\":1,\"macs_before\":36,\"macs\":18,\"weights_before\":4,\"weights\":2,"
            "\"layers\":[{\"name\":\"first\",\"outputs\":2,\"constant\":1,\"removed\":1}]}");
}

// Random networks in which much is constant: layers of every kind, one after the other and side by side.
class RandomNetwork {
 public:
  RandomNetwork(uint64_t seed, DataType type, const std::string& requant) : random_(seed), type_(type), requant_(requant) {}

  Graph make() {
    ValueId x = graph_.add_input("x", typed({1, 5, 4, 3}));
    for (int i = 0; i < 7; ++i) x = one_more(x);
    graph_.add_output(dense(node("reshape", {x}, {{"shape", std::vector<int64_t>{1, -1}}}, graph_.type(x).quant)), "y");
    return std::move(graph_);
  }

 private:
  int64_t below(int64_t n) { return random_.next() % n; }
  int64_t low() const { return type_ == DataType::kU8 ? 0 : -128; }
  float a_scale() { return 0.01f * static_cast<float>(1 + below(9)); }
  QuantParams quant() { return {{a_scale()}, {static_cast<int32_t>(below(3) ? low() : low() + below(256))}, -1}; }
  TensorType typed(const Shape& shape) {
    TensorType type(type_, shape);
    type.quant = quant();
    return type;
  }
  int64_t channels(ValueId x) { return graph_.type(x).dims.back().size; }

  ValueId node(const std::string& op, std::vector<ValueId> in, Attrs attrs, QuantParams quant) {
    if (requant_ == "onnx") attrs["requant"] = requant_;
    const NodeId id = graph_.add_node({op, std::move(in), std::move(attrs), op + std::to_string(graph_.node_count())});
    const ValueId y = graph_.node(id).output();
    graph_.value(y).type.dtype = type_;
    graph_.value(y).type.quant = quant;
    const auto inferred = ops::infer_node(graph_, graph_.node(id));
    EXPECT_TRUE(inferred.ok()) << (inferred.ok() ? "" : inferred.error().message());
    return y;
  }

  // Rows that are zero, columns that are zero, zero points of their own for uint8.
  ValueId weights(const Shape& shape) {
    Tensor w(type_, shape);
    const int64_t rows = shape[0], columns = shape[shape.rank - 1], each = w.count() / rows;
    const bool per_row = below(2);
    QuantParams q{{}, {}, per_row ? 0 : -1};
    for (int64_t r = 0; r < (per_row ? rows : 1); ++r)
      q.scale.push_back(a_scale()), q.zero_point.push_back(type_ == DataType::kU8 ? static_cast<int32_t>(below(256)) : 0);
    std::vector<bool> no_column;
    for (int64_t c = 0; c < columns; ++c) no_column.push_back(below(6) == 0);
    for (int64_t r = 0; r < rows; ++r) {
      const bool none = below(4) == 0;
      const auto zero = static_cast<uint8_t>(q.zero_point[per_row ? static_cast<size_t>(r) : 0]);
      for (int64_t i = 0; i < each; ++i)
        w.data()[r * each + i] = none || no_column[static_cast<size_t>(i % columns)] ? zero : static_cast<uint8_t>(random_.next());
    }
    w.set_quant(q);
    return graph_.add_constant(w, "w" + std::to_string(graph_.value_count()));
  }
  // Some so low that an activation cuts everything off, some that leave a constant between the bounds.
  ValueId bias(int64_t n) {
    if (below(4) == 0) return {};
    Tensor b(DataType::kI32, {static_cast<int32_t>(n)});
    for (int32_t& v : b.mut<int32_t>()) v = static_cast<int32_t>(below(3) ? below(4000) - 2000 : -3000000 * below(2));
    return graph_.add_constant(b, "b" + std::to_string(graph_.value_count()));
  }
  Attrs activation(Attrs attrs) {
    if (below(3)) attrs["clamp_min"] = 0.0;
    if (below(3) == 0) attrs["clamp_max"] = 6.0;
    return attrs;
  }

  ValueId conv(ValueId x, int32_t out, int32_t kernel, int64_t groups, int64_t pad) {
    const ValueId w = weights({out, kernel, kernel, static_cast<int32_t>(channels(x) / groups)});
    return node("conv", {x, w, bias(out)}, activation({{"layout", std::string("nhwc")}, {"groups", groups}, {"pads", std::vector<int64_t>(4, pad)}}), quant());
  }
  ValueId dense(ValueId x) {
    const auto out = static_cast<int32_t>(1 + below(4));
    return node("dense", {x, weights({out, static_cast<int32_t>(channels(x))}), bias(out)}, activation({}), quant());
  }
  ValueId residual(ValueId x) {
    const ValueId y = below(2) ? conv(x, static_cast<int32_t>(channels(x)), 3, 1, 1) : conv(x, static_cast<int32_t>(channels(x)), 1, 1, 0);
    static const char* const kOps[] = {"add", "add", "sub", "mul", "maximum"};
    return node(kOps[below(5)], {x, y}, activation({}), quant());
  }

  ValueId one_more(ValueId x) {
    const auto c = static_cast<int32_t>(channels(x));
    switch (below(9)) {
      case 0: return conv(x, c, 3, c, 1);
      case 1: return conv(x, 2 * c, 1, c, 0);
      case 2: return c % 2 ? conv(x, c, 1, c, 0) : conv(x, c, 3, 2, 1);
      case 3: return residual(x);
      case 4: return residual(conv(x, 4, 1, 1, 0));
      case 5:
        return node("max_pool", {x}, {{"layout", std::string("nhwc")}, {"kernel", std::vector<int64_t>{2, 2}}, {"pads", std::vector<int64_t>{1, 0, 0, 1}}},
                    graph_.type(x).quant);
      case 6: return node(below(2) ? "relu" : "leaky_relu", {x}, {}, quant());
      case 7: return node("concat", {conv(x, 3, 1, 1, 0), x}, {{"axis", int64_t{3}}}, graph_.type(x).quant);
      default: return conv(x, static_cast<int32_t>(2 + below(5)), below(2) ? 3 : 1, 1, 1);
    }
  }

  testing::Random random_;
  DataType type_;
  std::string requant_;
  Graph graph_;
};

TEST(ConstantChannels, ChangeNoBitOfRandomNetworks) {
  size_t changed = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const DataType type = seed % 3 ? DataType::kI8 : DataType::kU8;
    const Graph before = RandomNetwork(seed, type, seed % 4 == 3 ? "onnx" : "tflm").make();
    Graph after = before;
    const auto report = run_passes(after, std::span(&kPass, 1));
    ASSERT_TRUE(report.ok()) << "seed " << seed << ": " << report.error().message();
    changed += report->passes[0].changes > 0;
    expect_same_function(before, after);
    if (HasFatalFailure()) FAIL() << "seed " << seed << "\n" << print_graph(before) << "\n" << print_graph(after);
  }
  EXPECT_GT(changed, 100u);
}

}  // namespace
}  // namespace verge::passes
