#include "kernels/lstm_i8/lstm_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/requant/scales.h"
#include "testing/seeded.h"

namespace verge {
namespace {

constexpr size_t kInputs = 13, kCells = 9;
constexpr double kXScale = 0.02, kWeightScale = 0.01, kHScale = 1.0 / 128, kCellScale = 0x1p-11;

// A layer whose integers are known, and the same in real numbers.
struct Layer {
  std::vector<int8_t> w, r;
  std::vector<int32_t> bias, r_bias;
  LstmI8 lstm;

  explicit Layer(uint64_t seed) : w(4 * kCells * kInputs), r(4 * kCells * kCells), bias(4 * kCells), r_bias(4 * kCells) {
    testing::Random random(seed);
    for (auto* list : {&w, &r})
      for (int8_t& v : *list) v = static_cast<int8_t>(static_cast<int>(random.next() % 255) - 127);
    for (int32_t& b : bias) b = static_cast<int32_t>(random.next() % 8001) - 4000;
    lstm.inputs = kInputs, lstm.cells = kCells;
    lstm.w = w.data(), lstm.r = r.data(), lstm.bias = bias.data(), lstm.r_bias = r_bias.data();
    for (int g = 0; g < kLstmGates; ++g) {
      lstm.input[g] = quantize_multiplier(kXScale * kWeightScale / 0x1p-12);
      lstm.recurrent[g] = quantize_multiplier(kHScale * kWeightScale / 0x1p-12);
    }
    lstm.hidden = quantize_multiplier(0x1p-30 / kHScale);
  }
};

double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

// One step in real numbers.
void real_step(const Layer& l, const std::vector<int8_t>& x, std::vector<double>& h, std::vector<double>& c) {
  std::vector<double> gates(4 * kCells);
  for (size_t row = 0; row < gates.size(); ++row) {
    double sum = kXScale * kWeightScale * l.bias[row];
    for (size_t i = 0; i < kInputs; ++i) sum += kXScale * x[i] * kWeightScale * l.w[row * kInputs + i];
    for (size_t i = 0; i < kCells; ++i) sum += h[i] * kWeightScale * l.r[row * kCells + i];
    gates[row] = sum;
  }
  for (size_t i = 0; i < kCells; ++i) {
    const double forget = sigmoid(gates[kCells + i]), input = l.lstm.coupled ? 1 - forget : sigmoid(gates[i]);
    c[i] = forget * c[i] + input * std::tanh(gates[2 * kCells + i]);
    if (l.lstm.cell_clip) c[i] = std::clamp(c[i], -l.lstm.cell_clip * kCellScale, l.lstm.cell_clip * kCellScale);
    h[i] = sigmoid(gates[3 * kCells + i]) * std::tanh(c[i]);
  }
}

void expect_follows(const Layer& l) {
  testing::Random random(99);
  std::vector<int8_t> x(kInputs), h(kCells);
  std::vector<int16_t> c(kCells), scratch(4 * kCells);
  std::vector<double> real_h(kCells), real_c(kCells);
  for (int step = 0; step < 20; ++step) {
    for (int8_t& v : x) v = static_cast<int8_t>(random.next());
    lstm_i8_step(l.lstm, x.data(), h.data(), c.data(), scratch.data());
    real_step(l, x, real_h, real_c);
    for (size_t i = 0; i < kCells; ++i) {
      EXPECT_NEAR(h[i] * kHScale, std::min(real_h[i], 127 * kHScale), 0.03) << "step " << step << " cell " << i;
      EXPECT_NEAR(c[i] * kCellScale, real_c[i], 0.06) << "step " << step << " cell " << i;
    }
  }
}

TEST(LstmI8, FollowsTheRealLayerOverManySteps) {
  for (uint64_t seed : {1, 2, 3}) expect_follows(Layer(seed));
}

TEST(LstmI8, WithoutInputGateTakesWhatTheForgetGateLeaves) {
  Layer layer(4);
  layer.lstm.coupled = true;
  expect_follows(layer);
}

TEST(LstmI8, ClipsTheCell) {
  Layer layer(5);
  layer.lstm.cell_clip = 300;
  expect_follows(layer);
}

TEST(LstmI8, TheOutputHasItsZeroPoint) {
  Layer layer(6);
  std::vector<int8_t> x(kInputs, 7), h(kCells), moved(kCells);
  std::vector<int16_t> c(kCells), d(kCells), scratch(4 * kCells);
  lstm_i8_step(layer.lstm, x.data(), h.data(), c.data(), scratch.data());
  layer.lstm.h_zero_point = -9;
  lstm_i8_step(layer.lstm, x.data(), moved.data(), d.data(), scratch.data());
  for (size_t i = 0; i < kCells; ++i) EXPECT_EQ(moved[i], h[i] - 9);
}

}  // namespace
}  // namespace verge
