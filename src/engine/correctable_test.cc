#include "engine/correctable.h"

#include <gtest/gtest.h>

#include "ir/text_form.h"
#include "lower/executable.h"
#include "lower/lower.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

Graph prepared(const std::string& text) {
  auto graph = parse_graph(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_TRUE(passes::prepare(*graph).ok());
  return std::move(*graph);
}

std::vector<float> answers(const Graph& graph, std::vector<float> x, const Shape& shape) {
  auto lowered = lower(graph);
  EXPECT_TRUE(lowered.ok()) << lowered.error().message();
  auto executable = Executable::open(lowered->program);
  EXPECT_TRUE(executable.ok());
  const std::vector<Tensor> inputs = {Tensor::of(shape, x)};
  const auto out = executable->run(inputs);
  EXPECT_TRUE(out.ok()) << out.error().message();
  const auto values = out->at(0).values<float>();
  return {values.begin(), values.end()};
}

// The program behind the correction answers to x as the program without it to gain * x + offset, at the borders too, and to x itself when the correction does nothing.
void expect_corrected(const std::string& text, const Shape& shape) {
  const Graph plain = prepared(text);
  const ChannelPlace place = channel_place(shape);
  std::vector<float> x;
  for (int64_t i = 0; i < shape.count(); ++i) x.push_back(static_cast<float>(i % 17) * 0.25f);
  for (const InputCorrection& c : {InputCorrection{{2, 0.5f, -1}, {0.25f, -3, 7}}, InputCorrection::none(3)}) {
    Graph graph = plain;
    const auto added = add_correction(graph, c);
    ASSERT_TRUE(added.ok()) << added.error().message();
    std::vector<float> seen = x;
    correct(c, place, seen);
    EXPECT_EQ(answers(graph, x, shape), answers(plain, seen, shape));
  }
}

TEST(Correctable, IsExactForPicturesOfEitherLayout) {
  expect_corrected(
      "input %x: f32[1,4,5,3]\nconst %w: f32[1,3,3,3] = [1, -2, 3, 4, 5, -6, 7, 8, 9, 1, -1, 2, 2, 3, -3, 1, 1, 1, 2, -2, 4, 1, 0, 2, 1, 3, -1]\n"
      "%y = conv(%x, %w) {layout=\"nhwc\", pads=[1, 1, 1, 1]}\noutput %y\n",
      {1, 4, 5, 3});
  expect_corrected("input %x: f32[1,3,4,5]\n%y = relu(%x)\noutput %y\n", {1, 3, 4, 5});
}

TEST(Correctable, RefusesIntegersAndOtherChannels) {
  Graph bytes = prepared("input %x: i8[1,2,2,3]{scale=[1] zero=[0] axis=-1}\n%y = reshape(%x) {shape=[12]}\noutput %y\n");
  const auto refused = add_correction(bytes, InputCorrection::none(3));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kUnsupported);
  Graph one = prepared("input %x: f32[1,8]\n%y = relu(%x)\noutput %y\n");
  EXPECT_FALSE(add_correction(one, InputCorrection::none(3)).ok());
  EXPECT_TRUE(add_correction(one, InputCorrection::none(1)).ok());
}

}  // namespace
}  // namespace verge
