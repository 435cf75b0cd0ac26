#include "pipeline/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lower/lower.h"
#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

using ::testing::HasSubstr;

// sum = the window's sum, next = total + sum: a model that remembers what it heard.
Executable adding_model() {
  Graph g;
  const ValueId window = g.add_input("window", TensorType(DataType::kF32, Shape{1, 4})), total = g.add_input("total", TensorType(DataType::kF32, Shape{1, 1}));
  const NodeId sum = g.add_node({"reduce_sum", {window}, {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{1}}}, "sum", 1});
  const NodeId next = g.add_node({"add", {total, g.node(sum).output()}, {}, "next", 1});
  g.add_output(g.node(sum).output(), "heard");
  g.add_output(g.node(next).output(), "next");
  EXPECT_TRUE(ops::infer_types(g).ok());
  EXPECT_TRUE(passes::prepare(g).ok());
  const auto lowered = lower(g);
  EXPECT_TRUE(lowered.ok()) << lowered.error().message();
  return *Executable::open(lowered->program);
}

const SoundSteps kSteps = {16000, 2, "", {{"total", "next"}}};

TEST(SoundStream, WindowsOverlapAndBeginWithSilence) {
  Executable model = adding_model();
  auto stream = SoundStream::create(kSteps, model);
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  const std::vector<float> samples = {1, 2, 4, 8, 16};
  std::vector<double> heard;
  std::vector<int64_t> ends;
  for (size_t at = 0; at < samples.size(); at += 3) {  // pieces that do not fit the hop
    const auto more = stream->push(std::span(samples).subspan(at, std::min<size_t>(3, samples.size() - at)));
    ASSERT_TRUE(more.ok());
    for (const auto& h : *more) {
      heard.push_back(h.outputs.at(0).at(0));
      ends.push_back(h.end);
    }
  }
  EXPECT_EQ(heard, (std::vector<double>{3, 15})) << "0 0 1 2, then 1 2 4 8; the fifth sample waits";
  EXPECT_EQ(ends, (std::vector<int64_t>{2, 4}));
}

TEST(SoundStream, StateGoesFromCallToCallUntilReset) {
  Executable model = adding_model();
  auto stream = SoundStream::create(kSteps, model);
  ASSERT_TRUE(stream.ok());
  const std::vector<float> ones(4, 1.0f);
  ASSERT_TRUE(stream->push(ones).ok());
  EXPECT_EQ(model.output(1).at(0), 6) << "2 of the first window, 4 of the second";
  stream->reset();
  ASSERT_TRUE(stream->push(std::span(ones).first(2)).ok());
  EXPECT_EQ(model.output(1).at(0), 2);
}

TEST(SoundStream, WhatDoesNotFitIsNamed) {
  Executable model = adding_model();
  SoundSteps steps = kSteps;
  steps.state = {{"total", "later"}};
  EXPECT_THAT(SoundStream::create(steps, model).error().message(), HasSubstr("no output 'later'; it has 'heard', 'next'"));
  steps.state = {};
  EXPECT_THAT(SoundStream::create(steps, model).error().message(), HasSubstr("2 inputs"));
  steps = kSteps;
  steps.hop = 5;
  EXPECT_THAT(SoundStream::create(steps, model).error().message(), HasSubstr("window has 4 samples"));
}

}  // namespace
}  // namespace verge
