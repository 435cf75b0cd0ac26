// Operators that become several core operators, against plain loops.
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "formats/onnx/model_maker.h"
#include "testing/seeded.h"

namespace verge::formats::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

using List = std::vector<int64_t>;

std::vector<float> seeded(const Shape& shape, uint64_t seed) { return testing::seeded_floats(static_cast<size_t>(shape.count()), seed, -1, 1); }

struct Transposed {
  int64_t groups = 1, stride = 1, dilation = 1, begin = 0, end = 0, more = 0, kernel = 3;
};

// x [1, in, n, n], w [in, out / groups, k, k]: y[i * stride + k * dilation - begin] += x[i] w[k].
std::vector<float> scattered(const Transposed& t, const Shape& x, const std::vector<float>& xs, const Shape& w, const std::vector<float>& ws, int64_t side) {
  const int64_t n = x[2], group_in = x[1] / t.groups, group_out = w[1];
  std::vector<float> y(static_cast<size_t>(t.groups * group_out * side * side));
  for (int64_t c = 0; c < x[1]; ++c)
    for (int64_t o = 0; o < group_out; ++o)
      for (int64_t i = 0; i < n * n; ++i)
        for (int64_t k = 0; k < t.kernel * t.kernel; ++k) {
          const int64_t row = i / n * t.stride + k / t.kernel * t.dilation - t.begin, column = i % n * t.stride + k % t.kernel * t.dilation - t.begin;
          if (row < 0 || row >= side || column < 0 || column >= side) continue;
          y[((c / group_in * group_out + o) * side + row) * side + column] += xs[c * n * n + i] * ws[(c * group_out + o) * t.kernel * t.kernel + k];
        }
  return y;
}

TEST(OnnxConvTranspose, AddsEachInputTimesTheKernel) {
  const Transposed cases[] = {{},
                              {.stride = 2},
                              {.stride = 2, .begin = 1, .end = 1, .more = 1},
                              {.groups = 2, .stride = 3, .begin = 1},
                              {.stride = 2, .dilation = 2, .end = 1},
                              {.dilation = 2, .begin = 2},
                              {.groups = 2, .stride = 4, .kernel = 2}};
  for (const Transposed& t : cases) {
    const Shape x{1, 4, 3, 3}, w{4, 3, static_cast<int32_t>(t.kernel), static_cast<int32_t>(t.kernel)};
    const std::vector<float> xs = seeded(x, 1), ws = seeded(w, 2);
    ModelMaker m;
    m.input("x", {1, 4, 3, 3});
    m.weight("w", w, ws);
    pb::NodeProto& node = integer(ints(ints(m.node("ConvTranspose", {"x", "w"}, {"y"}), "strides", {t.stride, t.stride}), "dilations", {t.dilation, t.dilation}), "group", t.groups);
    ints(ints(node, "pads", {t.begin, t.begin, t.end, t.end}), "output_padding", {t.more, t.more});
    m.output("y");
    const int64_t side = 2 * t.stride + t.more + (t.kernel - 1) * t.dilation + 1 - t.begin - t.end;
    EXPECT_THAT(floats_of(m, {Tensor::of<float>(x, xs)}), Pointwise(FloatNear(1e-5f), scattered(t, x, xs, w, ws, side))) << "stride " << t.stride << " dilation " << t.dilation << " groups " << t.groups;
  }
}

TEST(OnnxConvTranspose, OneDimensionAndUnequalStrides) {
  ModelMaker m;
  m.input("x", {1, 1, 2});
  m.weight("w", {1, 1, 2}, {10, 1});
  ints(m.node("ConvTranspose", {"x", "w"}, {"y"}), "strides", {3});
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({1, 1, 2}, {1, 2})}), ElementsAre(10, 1, 0, 20, 2));
}

TEST(OnnxConv, ThreeDimensionsSlideInEach) {
  ModelMaker m;
  m.input("x", {1, 1, 3, 2, 2});
  m.weight("w", {1, 1, 2, 1, 1}, {1, 100});
  ints(ints(m.node("Conv", {"x", "w"}, {"y"}), "strides", {2, 1, 1}), "pads", {1, 0, 0, 0, 0, 0});
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({1, 1, 3, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})}), ElementsAre(100, 200, 300, 400, 905, 1006, 1107, 1208));
}

TEST(OnnxEinsum, DiagonalsSumsAndImpliedOutputs) {
  const auto run = [](const std::string& equation, const std::vector<Shape>& shapes) {
    ModelMaker m;
    std::vector<std::string> names;
    std::vector<Tensor> inputs;
    for (const Shape& s : shapes) {
      names.push_back("x" + std::to_string(names.size()));
      m.input(names.back(), {s.dim, s.dim + s.rank});
      std::vector<float> values(static_cast<size_t>(s.count()));
      for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
      inputs.push_back(Tensor::of<float>(s, values));
    }
    text(m.node("Einsum", names, {"y"}), "equation", equation);
    m.output("y");
    return floats_of(m, inputs);
  };
  EXPECT_THAT(run("ii->i", {{2, 2}}), ElementsAre(1, 4));
  EXPECT_THAT(run("ij,jk", {{1, 2}, {2, 1}}), ElementsAre(5));          // 1*1 + 2*2
  EXPECT_THAT(run("ji", {{1, 3}}), ElementsAre(1, 2, 3));               // labels in order: a transposition
  EXPECT_THAT(run("...i,i->...", {{2, 2}, {2}}), ElementsAre(5, 11));
  EXPECT_THAT(run("i,j,k->", {{2}, {2}, {2}}), ElementsAre(27));
}

TEST(OnnxDft, TwoWaysGiveTheSignalBack) {
  ModelMaker m(20);
  m.input("x", {1, 5, 2});
  m.node("DFT", {"x"}, {"f"});
  integer(m.node("DFT", {"f"}, {"y"}), "inverse", 1);
  m.output("y");
  m.output("f");
  const std::vector<float> x = seeded({1, 5, 2}, 3);
  const std::vector<Tensor> out = outputs_of(m, {Tensor::of<float>({1, 5, 2}, x)});
  ASSERT_EQ(out.size(), 2u);
  EXPECT_THAT(out[0].values<float>(), Pointwise(FloatNear(1e-5f), x));
  double real = 0;  // of frequency 1
  for (int i = 0; i < 5; ++i) real += x[2 * i] * std::cos(2 * std::numbers::pi * i / 5) + x[2 * i + 1] * std::sin(2 * std::numbers::pi * i / 5);
  EXPECT_NEAR(out[1].values<float>()[2], real, 1e-5);
}

TEST(OnnxAttention, AQueryThatSeesNothingGivesZeros) {
  ModelMaker m(23);
  for (const char* name : {"q", "k", "v"}) m.input(name, {1, 1, 2, 2});
  m.weight("mask", Tensor::of<float>({2, 2}, {0, -INFINITY, -INFINITY, -INFINITY}));
  m.node("Attention", {"q", "k", "v", "mask"}, {"y"});
  m.output("y");
  const Tensor ones = Tensor::of<float>({1, 1, 2, 2}, {1, 1, 1, 1}), v = Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  EXPECT_THAT(floats_of(m, {ones, ones, v}), ElementsAre(1, 2, 0, 0));
}

}  // namespace
}  // namespace verge::formats::onnx
