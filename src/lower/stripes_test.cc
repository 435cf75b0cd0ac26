#include <gtest/gtest.h>

#include "lower/executable.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;

// Layers one after the other over [1, 60, 56, 20]; what lies between them is larger than a stripe.
struct Layers {
  Graph graph;
  ValueId last = graph.add_input("x", TensorType(DataType::kF32, Shape{1, 60, 56, 20}));
  int32_t channels = 20;
  int seed = 1;

  ValueId constant(Shape shape) {
    const std::vector<float> values = testing::seeded_floats(static_cast<size_t>(shape.count()), seed++, -0.4f, 0.4f);
    Tensor t(DataType::kF32, shape);
    std::copy(values.begin(), values.end(), t.mut<float>().begin());
    return graph.add_constant(std::move(t), "c" + std::to_string(seed));
  }
  void conv(int32_t out, int32_t kernel, int64_t stride, bool depthwise, ValueId residual = {}) {
    const int64_t pad = kernel / 2;
    std::vector<ValueId> in = {last, constant({out, kernel, kernel, depthwise ? 1 : channels}), constant({out})};
    if (residual.valid()) in.push_back(residual);
    const NodeId node = graph.add_node({"conv", in, {{"strides", std::vector<int64_t>{stride, stride}}, {"pads", std::vector<int64_t>{pad, pad, pad, pad}}, {"groups", int64_t{depthwise ? channels : 1}}, {"layout", std::string("nhwc")}, {"clamp_min", -2.0}, {"clamp_max", 6.0}}, "conv" + std::to_string(seed)});
    last = graph.node(node).output(), channels = out;
  }
  void function(const char* name) { last = graph.node(graph.add_node({name, {last}, {}, name})).output(); }
};

Graph inverted_residual(int32_t kernel, int64_t stride, bool residual) {
  Layers l;
  const ValueId x = l.last;
  l.conv(72, 1, 1, false);
  l.function("silu");
  l.conv(72, kernel, stride, true);
  l.function("hswish");
  l.conv(20, 1, 1, false, residual ? x : ValueId{});
  l.graph.add_output(l.last, "y");
  return std::move(l.graph);
}

Tensor run(const Graph& graph, const ops::LowerOptions& options, size_t* instructions) {
  auto lowered = lower(graph, options);
  EXPECT_TRUE(lowered.ok()) << lowered.error().message();
  auto executable = Executable::open(lowered->program, {options.threads});
  EXPECT_TRUE(executable.ok()) << executable.error().message();
  *instructions = executable->model().instruction_count();
  Tensor x(DataType::kF32, {1, 60, 56, 20});
  const std::vector<float> values = testing::seeded_floats(static_cast<size_t>(x.shape().count()), 99);
  std::copy(values.begin(), values.end(), x.mut<float>().begin());
  auto y = executable->run(std::span(&x, 1));
  EXPECT_TRUE(y.ok());
  return (*y)[0];
}

bool equal(const Tensor& a, const Tensor& b) { return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()); }

TEST(Stripes, ChangeNoBitOfAnInvertedResidualWhateverTheThreads) {
  for (const Isa isa : testing::caps()) {
    if (isa == Isa::kAmx) continue;  // whose layers alone may sum in another order
    const IsaCap cap(isa);
    for (const int32_t kernel : {3, 5})
      for (const int64_t stride : {1, 2}) {
        Graph g = inverted_residual(kernel, stride, stride == 1);
        ASSERT_TRUE(ops::infer_types(g).ok());
        size_t apart = 0, joined = 0;
        const Tensor want = run(g, {}, &apart);
        EXPECT_EQ(apart, 5u);
        for (const int threads : {1, 2, 3}) {
          EXPECT_TRUE(equal(run(g, {.threads = threads, .stripes = true}, &joined), want)) << isa_name(isa) << " kernel " << kernel << " stride " << stride << " threads " << threads;
          EXPECT_LE(joined, 2u);
        }
      }
  }
}

TEST(Stripes, LongRunsKeepTheirLinesApart) {
  Layers l;
  l.conv(32, 3, 1, false);
  l.conv(32, 3, 1, true);
  l.conv(32, 1, 1, false);
  l.conv(32, 5, 1, true);
  l.conv(96, 1, 1, false);
  l.conv(96, 3, 2, true);
  l.conv(24, 1, 1, false);
  l.graph.add_output(l.last, "y");
  ASSERT_TRUE(ops::infer_types(l.graph).ok());
  const IsaCap cap(Isa::kAny);
  size_t apart = 0, joined = 0;
  const Tensor want = run(l.graph, {}, &apart);
  EXPECT_TRUE(equal(run(l.graph, {.threads = 2, .stripes = true}, &joined), want));
  EXPECT_LT(joined, apart);
}

TEST(Stripes, WhatOthersReadKeepsItsTensor) {
  Layers l;
  l.conv(96, 1, 1, false);
  const ValueId between = l.last;
  l.conv(96, 3, 1, true);
  l.graph.add_output(l.last, "y");
  l.graph.add_output(between, "between");
  ASSERT_TRUE(ops::infer_types(l.graph).ok());
  size_t joined = 0;
  run(l.graph, {.stripes = true}, &joined);
  EXPECT_EQ(joined, 2u);
}

// Attributes come from the network: no value of them may reach beyond the tensors.
TEST(Stripes, DamagedAttributesAreRefusedOrRun) {
  Graph g = inverted_residual(3, 2, false);
  ASSERT_TRUE(ops::infer_types(g).ok());
  const Bytes program = lower(g, {.stripes = true})->program;
  rt::ProgramHeader header;
  std::memcpy(&header, program.data(), sizeof(header));
  const Tensor x(DataType::kF32, {1, 60, 56, 20});
  for (size_t at = 0; at < header.attributes.count; ++at)
    for (const uint8_t flip : {0x01, 0x80}) {
      Bytes damaged = program;
      damaged[header.attributes.offset + at] ^= flip;
      auto executable = Executable::open(damaged);
      if (executable.ok() && at % 16 == 0) (void)executable->run(std::span(&x, 1)).ok();
    }
}

}  // namespace
}  // namespace verge
