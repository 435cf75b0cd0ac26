#include "ir/text_form.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace verge {
namespace {

std::string again(const std::string& text, const PrintOptions& options = {}) {
  const auto graph = parse_graph(text);
  return graph.ok() ? print_graph(*graph, options) : graph.error().message();
}

TEST(TextForm, RoundTripsASmallGraph) {
  const std::string text =
      R"(graph "tiny"
meta "author" = "a \"quoted\" name\nand a line"
input %x: f32[1,4]
const %w: f32[4] = [1, -2, 0.5, 3]
%y = mul(%x, %w) "scale"
%z = clamp(%y) {max=6.0, min=0.0}
output %z as "probabilities"
)";
  EXPECT_EQ(again(text), text);
}

TEST(TextForm, RoundTripsTypes) {
  const std::string text =
      R"(graph ""
input %a: i8[1,N,?]{scale=[0.5] zero=[-128] axis=-1}
input %b: f32[*]
input %c: none[]
const %w: i8[2,2]{scale=[0.1, 0.25] zero=[0, 0] axis=0} = [1, -2, 3, -128]
%y = conv(%a, %w): u8[1,"batch size",4]{scale=[3e-05] zero=[7] axis=-1}
output %y
)";
  EXPECT_EQ(again(text), text);
}

TEST(TextForm, RoundTripsEveryKindOfAttribute) {
  const std::string text =
      R"(graph ""
input %x: f32[1]
%y = any(%x) {a=-9223372036854775808, b=0.1, c=-inf, d=1e+300, e="t\x01", f=[], g=[1, 2], h=[real], i=[1.0, 0.5], j=[text], k=["", "b"], l=i64[2] [1, 2], "odd key"=f16[1] [0.5]}
output %y
)";
  EXPECT_EQ(again(text), text);
}

TEST(TextForm, TellsValuesOfOneNameApartAndQuotesOddOnes) {
  Graph g;
  const ValueId a = g.add_input("x", TensorType(DataType::kF32, Shape{1})), b = g.add_input("x", TensorType(DataType::kF32, Shape{1}));
  const ValueId c = g.add_input("7", TensorType(DataType::kF32, Shape{1})), d = g.add_input("", TensorType(DataType::kF32, Shape{1}));
  g.add_output(g.node(g.add_node({"sum", {a, b, c, d, ValueId()}})).output());
  const std::string text = print_graph(g);
  EXPECT_NE(text.find("%1 = sum(%x, %x#2, %\"7\", %0, _)"), std::string::npos) << text;
  EXPECT_EQ(again(text), text);
}

TEST(TextForm, RoundTripsAbsentAndSeveralOutputsAndNoOutputAtAll) {
  const std::string text = "graph \"\"\ninput %x: f32[4]\n%a, _, %b = split(%x)\n() = print(%x)\noutput %b\n";
  EXPECT_EQ(again(text), text);
}

TEST(TextForm, NestsSubGraphs) {
  const std::string text =
      R"(graph ""
input %c: bool[]
%y = if(%c) "choice" with else_branch {
  graph "no"
  const %k: f32[] = [0]
  output %k
} with then_branch {
  graph "yes"
  input %t: f32[]
  %u = if(%t) with body {
    graph ""
  }
  output %u
}
output %y
)";
  EXPECT_EQ(again(text), text);
}

TEST(TextForm, KeepsEveryBitOfConstants) {
  Graph g;
  const float odd[] = {0.1f, -0.0f, 1e-45f, std::numeric_limits<float>::max(), 16777217.0f};
  const float special[] = {std::nanf("7"), INFINITY};
  std::vector<double> many(40);
  for (size_t i = 0; i < many.size(); ++i) many[i] = std::sin(static_cast<double>(i));
  Tensor halves(DataType::kF16, {3});
  for (uint16_t i = 0; i < 3; ++i) reinterpret_cast<uint16_t*>(halves.data())[i] = static_cast<uint16_t>(1 + 0x2bcd * i);
  Tensor nibbles(DataType::kI4, {3}, Bytes{0x87, 0x0f});
  std::vector<Tensor> tensors{Tensor::of<float>({5}, odd), Tensor::of<float>({2}, special), Tensor::of<double>({40}, many), halves, nibbles,
                              Tensor::scalar<int64_t>(INT64_MIN), Tensor::scalar<uint64_t>(UINT64_MAX), Tensor(DataType::kString, {2}, Bytes{'a', 0, 'b'}),
                              Tensor(DataType::kF32, {0, 3})};
  for (const Tensor& t : tensors) g.add_output(g.add_constant(t, "c"), "c");
  const auto back = parse_graph(print_graph(g));
  ASSERT_TRUE(back.ok()) << back.error().message();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = *back->constant(back->outputs()[i]);
    EXPECT_EQ(t.dtype(), tensors[i].dtype()) << i;
    EXPECT_EQ(t.shape(), tensors[i].shape()) << i;
    EXPECT_EQ(Bytes(t.bytes().begin(), t.bytes().end()), Bytes(tensors[i].bytes().begin(), tensors[i].bytes().end())) << i;
  }
}

TEST(TextForm, PrintsTypesOnDemandAndReadsThemBack) {
  const std::string text = "graph \"\"\ninput %x: f32[4]\n%a, %b = split(%x): f32[2], f32[N]\noutput %b\n";
  EXPECT_EQ(again(text, {.types = true}), text);
  EXPECT_EQ(again(text), "graph \"\"\ninput %x: f32[4]\n%a, %b = split(%x)\noutput %b\n");
}

TEST(TextForm, NamesTheLineOfDamage) {
  const auto error = [](const std::string& text) { return again(text); };
  EXPECT_EQ(error("graph \"g\"\ninput %x f32[1]\n"), "line 2: wanted ':', found 'f32[1]'");
  EXPECT_EQ(error("input %x: f33[1]"), "line 1: no element type is called 'f33'");
  EXPECT_EQ(error("input %x: f32[1]\n%y = relu(%z)\n"), "line 2: value 'z' is not defined before its use");
  EXPECT_EQ(error("input %x: f32[1]\ninput %x: f32[1]\n"), "line 2: value 'x' is defined twice");
  EXPECT_EQ(error("input %x: f32[1]\n\n%y = relu(%x"), "line 3: wanted ',', found the end");
  EXPECT_EQ(error("const %c: f32[3] = [1, 2]"), "line 1: f32[3] wants 3 elements, found 2");
  EXPECT_EQ(error("const %c: f32[2] = 0x00"), "line 1: f32[2] wants 2 elements, found 1 bytes");
  EXPECT_EQ(error("const %c: i8[1] = [200]"), "line 1: a number does not fit i8");
  EXPECT_EQ(error("const %c: f32[2147483647,2147483647,2147483647] = 0x00"), "line 1: a constant of f32[2147483647,2147483647,2147483647] is too large");
  EXPECT_EQ(error("input %x: f32[1]\n%y = f(%x) {a=[1, 2.0]}"), "line 2: a list mixes integers, real numbers or texts");
  EXPECT_EQ(error("graph \"no end"), "line 1: a quoted text does not end");
  EXPECT_EQ(error("hello"), "line 1: wanted a statement, found 'hello'");
}

TEST(TextForm, MeetsEveryTruncationWithAnErrorOrAGraph) {
  const std::string text =
      "graph \"g\"\nmeta \"k\" = \"v\"\ninput %x: i8[1,N]{scale=[0.5] zero=[3] axis=-1}\nconst %w: f32[2] = [1, 2]\n%y, %z = f(%x, _, %w) {a=[1, 2], b=0.5, c=u8[2] [1, 2]} \"n\": f32[*], f32[2] "
      "with body {\n  graph \"\"\n}\noutput %y as \"o\"\n";
  ASSERT_TRUE(parse_graph(text).ok()) << parse_graph(text).error().message();
  for (size_t n = 0; n < text.size(); ++n) {
    const auto graph = parse_graph(text.substr(0, n));
    EXPECT_TRUE(graph.ok() || graph.error().message().starts_with("line ")) << n;
  }
}

}  // namespace
}  // namespace verge
