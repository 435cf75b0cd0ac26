#include "train/remade.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/networks.h"
#include "train/trainer.h"

namespace verge::train {
namespace {

Trainer trainer_of(const Graph& network, const TrainingOptions& options) {
  auto trainer = Trainer::create(network, options, 2);
  EXPECT_TRUE(trainer.ok()) << trainer.error().message();
  return std::move(*trainer);
}

// Everything that lives from step to step, after three of them.
Bytes after_steps(Trainer& trainer) {
  for (int step = 0; step < 3; ++step) {
    for (int64_t i = 0; i < trainer.input().shape.count(); ++i) trainer.input().mut<float>()[i] = std::sin(static_cast<float>(i + step));
    for (int64_t i = 0; i < trainer.target().shape.count(); ++i) trainer.target().mut<float>()[i] = i % 10 == step;
    EXPECT_TRUE(trainer.step(0.1).ok());
  }
  return trainer.state();
}

class Remade : public ::testing::TestWithParam<const char*> {};

TEST_P(Remade, StepsInLessMemoryHaveTheSameBits) {
  const auto network = make_network(GetParam(), {});
  ASSERT_TRUE(network.ok()) << network.error().message();
  TrainingOptions options;
  options.batch = 16;
  options.clip_norm = 1;
  Trainer all = trainer_of(*network, options);
  const Bytes want = after_steps(all);
  size_t before = all.memory_bytes();
  for (const double share : {0.8, 0.68}) {
    SCOPED_TRACE(share);
    const auto most = static_cast<size_t>(share * static_cast<double>(all.memory_bytes()));
    const auto fitted = fit_into(*network, options, most, 2);
    ASSERT_TRUE(fitted.ok()) << fitted.error().message();
    ASSERT_FALSE(fitted->remade.empty());
    Trainer less = trainer_of(*network, *fitted);
    EXPECT_LE(less.memory_bytes(), most);
    EXPECT_LT(less.memory_bytes(), before);
    EXPECT_TRUE(after_steps(less) == want);
    before = less.memory_bytes();
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Remade, ::testing::Values("resnet8", "ds_cnn"), [](const auto& info) { return std::string(info.param); });

TEST(Remade, NothingIsWhereAllFits) {
  const auto network = make_network("lenet5", {});
  TrainingOptions options;
  const auto fitted = fit_into(*network, options, size_t{1} << 30, 1);
  ASSERT_TRUE(fitted.ok());
  EXPECT_TRUE(fitted->remade.empty());
}

}  // namespace
}  // namespace verge::train
