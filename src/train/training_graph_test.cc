#include "train/training_graph.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/op.h"
#include "train/networks.h"
#include "train/trainer.h"

namespace verge::train {
namespace {

// Two classes from one number: a dense layer with these weights, and a softmax where wanted.
Graph two_classes(bool softmax) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, {Dim::named("N"), 1}));
  ValueId y = g.node(g.add_node({"dense", {x, g.add_constant(Tensor::of<float>({2, 1}, {0.5f, -0.5f}), "w")}, {}, "dense"})).output();
  if (softmax) y = g.node(g.add_node({"softmax", {y}, {{"axis", int64_t{-1}}}, "softmax"})).output();
  g.add_output(y, "y");
  EXPECT_TRUE(ops::infer_types(g).ok());
  return g;
}

TEST(TrainingGraph, ACrossEntropyReadsWhatTheNetworksSoftmaxReads) {
  for (const bool softmax : {false, true}) {
    TrainingOptions options;
    options.batch = 1;
    auto trainer = Trainer::create(two_classes(softmax), options, 1);
    ASSERT_TRUE(trainer.ok()) << trainer.error().message();
    trainer->input().mut<float>()[0] = 2;
    trainer->target().mut<float>()[0] = 1, trainer->target().mut<float>()[1] = 0;
    const auto loss = trainer->step(0.1);
    ASSERT_TRUE(loss.ok());
    EXPECT_NEAR(*loss, std::log1p(std::exp(-2.0)), 1e-6);
    const double wrong = 1 / (1 + std::exp(2.0));  // d loss / d logits = [-wrong, wrong], times x = 2
    const Graph trained = trainer->trained();
    EXPECT_NEAR(trained.constant(trained.node(trained.order()[0]).input(1))->at(0), 0.5 + 0.1 * 2 * wrong, 1e-6);
  }
}

// Dense layer of the network's only node, [class 0, class 1].
std::vector<double> weights_of(const Graph& g) { return g.constant(g.node(g.order()[0]).input(1))->to_doubles(); }

TEST(TrainingGraph, ATeacherPullsTowardsItsSoftenedAnswers) {
  for (const double slope : {0.5, 2.0, -1.5}) {
    SCOPED_TRACE(slope);
    auto teacher = std::make_shared<Graph>(two_classes(true));
    ASSERT_TRUE(set_batch(*teacher, 1).ok());
    teacher->value(teacher->node(teacher->order()[0]).input(1)).constant =
        std::make_shared<const Tensor>(Tensor::of<float>({2, 1}, {static_cast<float>(slope), static_cast<float>(-slope)}));
    TrainingOptions options;
    options.batch = 1;
    options.teacher = {.network = teacher, .input = {}, .classes = {0, 1}, .temperature = 2, .weight = 1};
    if (slope < 0) options.teacher.classes = {1, 0};  // the teacher names its classes in another order
    auto trainer = Trainer::create(two_classes(false), options, 1);
    ASSERT_TRUE(trainer.ok()) << trainer.error().message();
    trainer->input().mut<float>()[0] = 2;
    trainer->target().mut<float>()[0] = 0, trainer->target().mut<float>()[1] = 1;  // weighs nothing
    ASSERT_TRUE(trainer->step(0.1).ok());
    // d loss / d logits = temperature * (softmax(y / temperature) - softmax(teacher / temperature)), times x = 2
    const auto first_class = [](double weight) { return 1 / (1 + std::exp(-2 * weight)); };  // of logits +-2 weight, temperature 2
    EXPECT_NEAR(weights_of(trainer->trained())[0], 0.5 - 0.1 * 2 * 2 * (first_class(0.5) - first_class(std::fabs(slope))), 1e-6);
  }
}

TEST(TrainingGraph, AMeanSquareIsTheMeanOverAllNumbers) {
  TrainingOptions options;
  options.batch = 1;
  options.loss = Loss::kMse;
  auto trainer = Trainer::create(two_classes(false), options, 1);
  ASSERT_TRUE(trainer.ok()) << trainer.error().message();
  trainer->input().mut<float>()[0] = 2;
  trainer->target().mut<float>()[0] = 3, trainer->target().mut<float>()[1] = -1;
  const auto loss = trainer->step(0.1);
  ASSERT_TRUE(loss.ok());
  EXPECT_FLOAT_EQ(*loss, 2);  // (1 - 3)^2 and 0, over two
  EXPECT_NEAR(weights_of(trainer->trained())[0], 0.5 + 0.1 * 2 * 2, 1e-6);
}

// The first weight of two_classes() after these many steps at rate 0.1 on x = 2, the first class.
double first_weight_after(int steps, const TrainingOptions& options) {
  auto trainer = Trainer::create(two_classes(false), options, 1);
  EXPECT_TRUE(trainer.ok()) << trainer.error().message();
  for (int i = 0; i < steps; ++i) {
    trainer->input().mut<float>()[0] = 2;
    trainer->target().mut<float>()[0] = 1, trainer->target().mut<float>()[1] = 0;
    EXPECT_TRUE(trainer->step(0.1).ok());
  }
  return weights_of(trainer->trained())[0];
}

TEST(TrainingGraph, LionGoesByTheSignAndLambByTheSizeOfTheWeights) {
  TrainingOptions options;
  options.batch = 1;
  options.optimizer = Optimizer::kLion;
  EXPECT_NEAR(first_weight_after(1, options), 0.5 + 0.1, 1e-6);
  options.decay = 0.2;
  EXPECT_NEAR(first_weight_after(1, options), 0.5 + 0.1 - 0.1 * 0.2 * 0.5, 1e-6);
  options.decay = 0, options.optimizer = Optimizer::kLamb;
  EXPECT_NEAR(first_weight_after(1, options), 0.5 + 0.1 * 0.5, 1e-5);  // Adam's first direction is the sign: |w| / |r| = sqrt(0.5) / sqrt(2)
}

TEST(TrainingGraph, BatchesAddUpToOneUpdate) {
  TrainingOptions options;
  options.batch = 1;
  const double once = first_weight_after(1, options);
  options.accumulate = 3;
  EXPECT_EQ(first_weight_after(2, options), 0.5);
  EXPECT_NEAR(first_weight_after(3, options), once, 1e-7);
  EXPECT_NEAR(first_weight_after(5, options), once, 1e-7);
  options.clip_norm = 1e-3;
  EXPECT_NEAR(first_weight_after(3, options), 0.5 + 0.1 * 1e-3 / std::sqrt(2), 1e-7);
}

TEST(TrainingGraph, FocalLossForgetsWhatIsKnown) {
  TrainingOptions options;
  options.batch = 1;
  options.loss = Loss::kFocal;
  auto trainer = Trainer::create(two_classes(true), options, 1);
  ASSERT_TRUE(trainer.ok()) << trainer.error().message();
  trainer->input().mut<float>()[0] = 2;
  trainer->target().mut<float>()[0] = 1, trainer->target().mut<float>()[1] = 0;
  const auto loss = trainer->step(0.1);
  ASSERT_TRUE(loss.ok());
  const double wrong = 1 / (1 + std::exp(2.0));
  EXPECT_NEAR(*loss, -wrong * wrong * std::log1p(-wrong), 1e-6);
}

TEST(TrainingGraph, DroppedInputsTeachNothing) {
  TrainingOptions options;
  options.batch = 1;
  options.dropout = 0.5;
  const double kept = 0.5 + 0.1 * 4 / (1 + std::exp(4.0));  // x = 2 / (1 - 0.5)
  int dropped = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    options.seed = seed;
    const double w = first_weight_after(1, options);
    if (w == 0.5) ++dropped;
    else EXPECT_NEAR(w, kept, 1e-6);
  }
  EXPECT_GT(dropped, 3);
  EXPECT_LT(dropped, 17);
}

TEST(TrainingGraph, AdaptersChangeWeightsByAProductAndNothingElse) {
  Graph network = two_classes(false);
  TrainingOptions options;
  options.batch = 1;
  options.adapters.rank = 1;
  auto trainer = Trainer::create(network, options, 1);
  ASSERT_TRUE(trainer.ok()) << trainer.error().message();
  EXPECT_EQ(weights_of(trainer->trained()), (std::vector<double>{0.5, -0.5}));  // the left matrix begins with zeros
  EXPECT_GT(first_weight_after(2, options), 0.5);
  EXPECT_NEAR(weights_of(trainer->trained())[0], 0.5, 1e-9);
}

TEST(TrainingGraph, StagesAreWanted) {
  const auto network = make_network("staged", {});
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().message(), "architecture staged has no \"stages\"");
}

TEST(TrainingGraph, EveryArchitectureTakesAStep) {
  for (const std::string& name : network_names()) {
    SCOPED_TRACE(name);
    TrainingOptions options;
    options.batch = 2;
    options.reconstruct = name == "autoencoder";
    if (options.reconstruct) options.loss = Loss::kMse;
    NetworkOptions shape;
    if (name == "staged") shape.stages = {{StageKind::kConv, 8, 2}, {StageKind::kResidual, 16}, {StageKind::kSeparable, 24, 2, 5}, {StageKind::kInverted, 24}};
    auto network = make_network(name, shape);
    ASSERT_TRUE(network.ok()) << network.error().message();
    auto trainer = Trainer::create(*network, options, 1);
    ASSERT_TRUE(trainer.ok()) << trainer.error().message();
    for (int64_t i = 0; i < trainer->input().shape.count(); ++i) trainer->input().mut<float>()[i] = std::sin(static_cast<float>(i));
    if (!options.reconstruct)
      for (int64_t i = 0; i < trainer->target().shape.count(); ++i) trainer->target().mut<float>()[i] = 0.1f;
    const auto loss = trainer->step(0.01);
    ASSERT_TRUE(loss.ok());
    EXPECT_TRUE(std::isfinite(*loss)) << *loss;
  }
}

}  // namespace
}  // namespace verge::train
