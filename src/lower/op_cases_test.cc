// Every operator case through lowering, Program and runtime, on each instruction set that this machine has; the reference judges.
#include <gtest/gtest.h>

#include <cmath>

#include "lower/executable.h"
#include "lower/lower.h"
#include "ops/conv/conv_cases.h"
#include "ops/dense/dense_cases.h"
#include "ops/matmul/matmul_cases.h"
#include "ops/norm/norm_cases.h"
#include "ops/op.h"
#include "ops/pool/pool_cases.h"
#include "testing/isa.h"
#include "testing/op_case.h"

namespace verge {
namespace {

using testing::OpCase;

std::vector<OpCase> all_cases() {
  std::vector<OpCase> cases;
  for (auto family : {testing::conv_f32_cases, testing::conv_i8_cases, testing::dense_cases, testing::pool_f32_cases, testing::pool_i8_cases, testing::matmul_cases, testing::norm_cases})
    for (OpCase& made : family()) cases.push_back(std::move(made));
  return cases;
}

Result<std::vector<Tensor>> run(const Bytes& program, const OpCase& c, int threads) {
  VERGE_TRY(Executable executable, Executable::open(program, {threads}));
  return executable.run(c.inputs);
}

bool agrees(const Tensor& got, const Tensor& want, int64_t i, int64_t terms) {
  const double a = got.at(i), b = want.at(i);
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return is_float(want.dtype()) && std::fabs(a - b) <= static_cast<double>(terms + 8) * 0x1p-24 * std::fmax(1.0, std::fabs(b));
}

void expect_same(const std::vector<Tensor>& got, const std::vector<Tensor>& want, int64_t terms) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t t = 0; t < got.size(); ++t) {
    ASSERT_EQ(got[t].dtype(), want[t].dtype());
    ASSERT_EQ(got[t].shape(), want[t].shape());
    for (int64_t i = 0; i < got[t].count(); ++i)
      ASSERT_TRUE(agrees(got[t], want[t], i, terms)) << "output " << t << ", element " << i << " of " << got[t].count() << ": " << got[t].at(i) << ", the reference has "
                                                     << want[t].at(i);
  }
}

class OpCases : public ::testing::TestWithParam<OpCase> {
 protected:
  void SetUp() override {
    graph_ = GetParam().graph;
    const auto inferred = ops::infer_types(graph_);
    ASSERT_TRUE(inferred.ok()) << inferred.error().message();
    auto lowered = lower(graph_);
    ASSERT_TRUE(lowered.ok()) << lowered.error().message();
    program_ = std::move(lowered->program);
  }
  Graph graph_;
  Bytes program_;
};

TEST_P(OpCases, TheRuntimeAgreesWithTheReferenceOnEveryInstructionSet) {
  const auto want = ops::interpret(graph_, GetParam().inputs);
  ASSERT_TRUE(want.ok()) << want.error().message();
  for (Isa isa : testing::caps()) {
    SCOPED_TRACE(isa_name(isa));
    const testing::IsaCap cap(isa);
    const auto got = run(program_, GetParam(), 1);
    ASSERT_TRUE(got.ok()) << got.error().message();
    expect_same(*got, *want, GetParam().terms);
  }
}

TEST_P(OpCases, ThreadsChangeNoBit) {
  const auto one = run(program_, GetParam(), 1), three = run(program_, GetParam(), 3);
  ASSERT_TRUE(one.ok() && three.ok());
  for (size_t t = 0; t < one->size(); ++t)
    EXPECT_TRUE(std::equal((*one)[t].bytes().begin(), (*one)[t].bytes().end(), (*three)[t].bytes().begin(), (*three)[t].bytes().end())) << "output " << t;
}

// Bits of everything but the header, whose sizes would only ask for memory, and the constants, which may hold anything.
TEST_P(OpCases, ADamagedProgramIsRefusedOrRuns) {
  const auto* header = reinterpret_cast<const rt::ProgramHeader*>(program_.data());
  testing::Random random(7);
  for (int i = 0; i < 150; ++i) {
    Bytes damaged = program_;
    const size_t at = sizeof(rt::ProgramHeader) + random.next() % (header->const_offset - sizeof(rt::ProgramHeader));
    damaged[at] ^= static_cast<uint8_t>(1 << random.next() % 8);
    auto executable = Executable::open(damaged);
    if (executable.ok()) (void)executable->run(GetParam().inputs).ok();
  }
}

INSTANTIATE_TEST_SUITE_P(All, OpCases, ::testing::ValuesIn(all_cases()), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace verge
