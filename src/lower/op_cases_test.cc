// Every operator case through lowering, Program and runtime, on each instruction set that this machine has; the reference judges.
#include <gtest/gtest.h>

#include <cmath>

#include "lower/executable.h"
#include "lower/lower.h"
#include "lower/tuning.h"
#include "ops/attention/attention_cases.h"
#include "ops/binary/binary_cases.h"
#include "ops/conv/conv_cases.h"
#include "ops/dense/dense_cases.h"
#include "ops/grid_sample/sampling_cases.h"
#include "ops/detection/detection_cases.h"
#include "ops/dynamic/dynamic_cases.h"
#include "ops/matmul/matmul_cases.h"
#include "ops/norm/norm_cases.h"
#include "ops/op.h"
#include "ops/pool/pool_cases.h"
#include "ops/quantize/quantize_cases.h"
#include "ops/recurrent/lstm_i8_cases.h"
#include "ops/recurrent/recurrent_cases.h"
#include "ops/reduce/reduce_cases.h"
#include "ops/resize/resize_cases.h"
#include "ops/scatter/scatter_cases.h"
#include "ops/softmax/softmax_cases.h"
#include "ops/training_cases.h"
#include "ops/transpose/movement_cases.h"
#include "ops/unary/unary_cases.h"
#include "testing/isa.h"
#include "testing/op_case.h"

namespace verge {
namespace {

using testing::OpCase;

struct Family {
  const char* name;
  std::vector<OpCase> (*cases)();
  bool bf16 = false;  // products of floats in bf16
};

constexpr Family kFamilies[] = {{"conv_f32", testing::conv_f32_cases},
                                {"conv_i8", testing::conv_i8_cases},
                                {"conv_i16", testing::conv_i16_cases},
                                {"dense", testing::dense_cases},
                                {"pool_f32", testing::pool_f32_cases},
                                {"pool_i8", testing::pool_i8_cases},
                                {"matmul", testing::matmul_cases},
                                {"norm", testing::norm_cases},
                                {"unary_f32", testing::unary_f32_cases},
                                {"unary_integer", testing::unary_integer_cases},
                                {"binary_f32", testing::binary_f32_cases},
                                {"binary_integer", testing::binary_integer_cases},
                                {"binary_quantized", testing::binary_quantized_cases},
                                {"quantize", testing::quantize_cases},
                                {"cast", testing::cast_cases},
                                {"softmax", testing::softmax_cases},
                                {"reduce", testing::reduce_cases},
                                {"arg", testing::arg_cases},
                                {"movement", testing::movement_cases},
                                {"choice", testing::choice_cases},
                                {"requantizing_movement", testing::requantizing_movement_cases},
                                {"lstm_i8", testing::lstm_i8_cases},
                                {"detection", testing::detection_cases},
                                {"dynamic", testing::dynamic_cases},
                                {"resize", testing::resize_cases},
                                {"recurrent", testing::recurrent_cases},
                                {"conv_gradient", testing::conv_gradient_cases},
                                {"computed_weights", testing::computed_weight_cases},
                                {"training", testing::training_cases},
                                {"scatter", testing::scatter_cases},
                                {"cumulate", testing::cumulate_cases},
                                {"grid_sample", testing::grid_sample_cases},
                                {"roi_align", testing::roi_align_cases},
                                {"attention", testing::attention_cases},
                                {"linear_attention", testing::linear_attention_cases},
                                {"conv_bf16", testing::conv_f32_cases, true},
                                {"dense_bf16", testing::dense_cases, true},
                                {"matmul_bf16", testing::matmul_cases, true},
                                {"attention_bf16", testing::attention_cases, true}};

Result<std::vector<Tensor>> run(const Bytes& program, const OpCase& c, int threads) {
  VERGE_TRY(Executable executable, Executable::open(program, {threads}));
  return executable.run(c.inputs);
}

// How far a sum of `terms` products may be from the exact one, as a share of it. Rounding to bf16 errs by 2^-9 at most, to both sides.
double tolerance(int64_t terms, bool bf16) { return bf16 ? std::sqrt(static_cast<double>(terms + 8)) * 0x1p-7 : static_cast<double>(terms + 8) * 0x1p-24; }

bool agrees(const Tensor& got, const Tensor& want, int64_t i, double tolerance) {
  const double a = got.at(i), b = want.at(i);
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return is_float(want.dtype()) && std::fabs(a - b) <= tolerance * std::fmax(1.0, std::fabs(b));
}

void expect_same(const std::vector<Tensor>& got, const std::vector<Tensor>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t t = 0; t < got.size(); ++t) {
    ASSERT_EQ(got[t].dtype(), want[t].dtype());
    ASSERT_EQ(got[t].shape(), want[t].shape());
    for (int64_t i = 0; i < got[t].count(); ++i)
      ASSERT_TRUE(agrees(got[t], want[t], i, tolerance)) << "output " << t << ", element " << i << " of " << got[t].count() << ": " << got[t].at(i) << ", the reference has "
                                                     << want[t].at(i);
  }
}

bool same_bytes(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t t = 0; t < a.size(); ++t)
    if (!std::equal(a[t].bytes().begin(), a[t].bytes().end(), b[t].bytes().begin(), b[t].bytes().end())) return false;
  return a.size() == b.size();
}

// A case with what lowering makes of it.
struct Prepared {
  OpCase made;
  Graph graph;
  Bytes program;
};

// One test a family, so that starting the binary is paid once for all of its cases; a failure names its case.
class OpCases : public ::testing::TestWithParam<Family> {
 protected:
  template <typename Body> void for_each(const Body& body) {
    for (OpCase& made : GetParam().cases()) {
      SCOPED_TRACE(made.name);
      Prepared p{std::move(made), {}, {}};
      p.graph = p.made.graph;
      const auto inferred = ops::infer_types(p.graph);
      ASSERT_TRUE(inferred.ok()) << inferred.error().message();
      for (const NodeId id : p.graph.order())
        if (GetParam().bf16 && p.graph.type(p.graph.node(id).input(0)).dtype == DataType::kF32) p.graph.node(id).attrs["precision"] = std::string("bf16");
      auto lowered = lower(p.graph);
      ASSERT_TRUE(lowered.ok()) << lowered.error().message();
      p.program = std::move(lowered->program);
      body(p);
      if (HasFatalFailure()) return;
    }
  }
};

TEST_P(OpCases, RunAsTheReferenceOnEveryInstructionSet) {
  for_each([](const Prepared& p) {
    const auto want = ops::interpret(p.graph, p.made.inputs);
    ASSERT_TRUE(want.ok()) << want.error().message();
    for (Isa isa : testing::caps()) {
      SCOPED_TRACE(isa_name(isa));
      const testing::IsaCap cap(isa);
      const auto got = run(p.program, p.made, 1);
      ASSERT_TRUE(got.ok()) << got.error().message();
      expect_same(*got, *want, tolerance(p.made.terms, GetParam().bf16));
    }
  });
}

TEST_P(OpCases, ThreadsChangeNoBit) {
  for_each([](const Prepared& p) {
    const auto one = run(p.program, p.made, 1), three = run(p.program, p.made, 3);
    ASSERT_TRUE(one.ok() && three.ok());
    EXPECT_TRUE(same_bytes(*one, *three));
  });
}

// As verge tune may choose.
TEST_P(OpCases, EveryWayIsTheUsualOneInIntegersAndTheReferenceInFloats) {
  WayTable table;
  for_each([&](const Prepared& p) {
    auto executable = Executable::open(p.program);
    ASSERT_TRUE(executable.ok());
    const std::vector<ModelLayer> layers = model_layers(executable->model());
    if (layers.empty()) return;
    const auto usual = run(p.program, p.made, 1), want = ops::interpret(p.graph, p.made.inputs);
    ASSERT_TRUE(usual.ok() && want.ok());
    table.put_in_force();
    for (const ModelLayer& layer : layers)
      for (const Way way : layer.ways) {
        SCOPED_TRACE(layer_text(layer.kind) + ", " + way_text(way));
        table.set(layer.kind, way);
        const auto one = run(p.program, p.made, 1), three = run(p.program, p.made, 3);
        table.set(layer.kind, {});
        ASSERT_TRUE(one.ok() && three.ok());
        EXPECT_TRUE(same_bytes(*one, *three));
        EXPECT_TRUE(is_float((*one)[0].dtype()) || same_bytes(*one, *usual));
        expect_same(*one, *want, tolerance(p.made.terms, GetParam().bf16));
      }
    set_tuned_layers(nullptr);
  });
}

// Bits of everything but the header, whose sizes would only ask for memory, and the constants, which may hold anything.
TEST_P(OpCases, ADamagedProgramIsRefusedOrRuns) {
  testing::Random random(7);
  for_each([&](const Prepared& p) {
    const auto* header = reinterpret_cast<const rt::ProgramHeader*>(p.program.data());
    for (int i = 0; i < 50; ++i) {
      Bytes damaged = p.program;
      const size_t at = sizeof(rt::ProgramHeader) + random.next() % (header->const_offset - sizeof(rt::ProgramHeader));
      damaged[at] ^= static_cast<uint8_t>(1 << random.next() % 8);
      auto executable = Executable::open(damaged);
      if (executable.ok()) (void)executable->run(p.made.inputs).ok();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, OpCases, ::testing::ValuesIn(kFamilies), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace verge
