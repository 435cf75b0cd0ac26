#include "eval/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/text_form.h"
#include "lower/lower.h"
#include "ops/op.h"

namespace verge {
namespace {

Executable executable_of(const std::string& text) {
  auto graph = parse_graph(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_TRUE(ops::infer_types(*graph).ok());
  auto lowered = lower(*graph);
  EXPECT_TRUE(lowered.ok()) << lowered.error().message();
  auto executable = Executable::open(lowered->program);
  EXPECT_TRUE(executable.ok()) << executable.error().message();
  return std::move(*executable);
}

std::string chain(const std::string& factor) {
  return "input %x: f32[4]\nconst %k: f32[4] = [" + factor + "]\n%a = exp(%x)\n%b = mul(%a, %k)\n%y = tanh(%b)\noutput %y\n";
}

TensorDataset one_sample() {
  Sample sample;
  sample.inputs.push_back(Tensor::of<float>({4}, {0.1F, -0.2F, 0.3F, 0.4F}));
  return TensorDataset({sample}, {});
}

TEST(Compare, NamesTheFirstTensorThatParts) {
  Executable a = executable_of(chain("1, 1, 1.1, 1")), b = executable_of(chain("1, 1, 1, 1"));
  const TensorDataset data = one_sample();
  auto differences = compare_tensors(a, b, data, data, 8);
  ASSERT_TRUE(differences.ok()) << differences.error().message();
  ASSERT_EQ(differences->size(), 3U);
  EXPECT_EQ((*differences)[0].relative, 0) << "exp is computed alike";
  const TensorDifference* first = first_diverging(*differences);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->name, "b");
  EXPECT_NEAR(first->max_abs, 0.1 * std::exp(0.3), 1e-5);
}

TEST(Compare, EqualModelsDivergeNowhere) {
  Executable a = executable_of(chain("1, 2, 3, 4")), b = executable_of(chain("1, 2, 3, 4"));
  const TensorDataset data = one_sample();
  auto differences = compare_tensors(a, b, data, data, 8);
  ASSERT_TRUE(differences.ok());
  EXPECT_EQ(first_diverging(*differences), nullptr);
}

}  // namespace
}  // namespace verge
