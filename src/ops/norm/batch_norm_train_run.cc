#include <math.h>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/batch_norm/batch_norm_f32.h"
#include "ops/norm/batch_norm_train_attrs.h"

namespace verge::exec {
namespace {

constexpr size_t kWidth = 64;              // floats of a folded row
constexpr size_t kBlockFloats = 32 * 1024;

size_t channels_of(const TensorView& x) { return static_cast<size_t>(x.shape.back(0)); }
BatchNormSplit split_of(const TensorView& x) { return {static_cast<size_t>(x.shape.count()) / channels_of(x), channels_of(x)}; }

// Scratch and the rows of one block.
struct Rows {
  BatchNormSplit s;
  float* scratch;

  float* shift(size_t block) const { return scratch + 3 * block * s.width(); }
  float* sum(size_t block) const { return shift(block) + s.width(); }
  float* second(size_t block) const { return sum(block) + s.width(); }
  float* row(size_t i) const { return scratch + (3 * s.blocks + i) * s.width(); }
  size_t first(size_t block) const { return block * s.rows_a_block; }
  size_t count(size_t block) const { return s.rows - first(block) < s.rows_a_block ? s.rows - first(block) : s.rows_a_block; }

  // The first `channels` of a row of factors, repeated for every folded pixel.
  void repeat(size_t i) const {
    for (size_t j = s.channels; j < s.width(); ++j) row(i)[j] = row(i)[j - s.channels];
  }
  BatchNormRows block(size_t i, const float* x, const float* dy, float* y) const {
    const size_t at = first(i) * s.width();
    return {.rows = count(i), .width = s.width(), .x = x + at, .dy = dy ? dy + at : nullptr, .y = y ? y + at : nullptr,
            .shift = shift(i), .factor = row(0), .offset = row(1), .a = row(2), .b = row(3), .c = row(4), .sum = sum(i), .second = second(i)};
  }
};

struct Moments {
  double mean, variance;
};

// Mean and variance of a channel from the blocks' sums about their own shifts (Chan's update, in double, in the blocks' order).
Moments moments(const Rows& r, size_t channel) {
  double n = 0, mean = 0, squares = 0;
  for (size_t b = 0; b < r.s.blocks; ++b) {
    const auto count = static_cast<double>(r.count(b));
    for (size_t j = channel; j < r.s.width(); j += r.s.channels) {
      const double sum = double{r.sum(b)[j]}, own = double{r.shift(b)[j]} + sum / count, own_squares = double{r.second(b)[j]} - sum * sum / count;
      const double delta = own - mean, all = n + count;
      squares += own_squares + delta * delta * n * count / all;
      mean += delta * count / all;
      n = all;
    }
  }
  return {mean, squares > 0 ? squares / n : 0};
}

double sum_of(const Rows& r, size_t channel, bool second) {
  double sum = 0;
  for (size_t b = 0; b < r.s.blocks; ++b)
    for (size_t j = channel; j < r.s.width(); j += r.s.channels) sum += double{(second ? r.second(b) : r.sum(b))[j]};
  return sum;
}

bool are_channels(const rt::Instruction& in, int first, int last, bool outputs, uint64_t channels) {
  for (int i = first; i < last; ++i)
    if (!holds(outputs ? in.out(i) : in.in(i), DataType::kF32, channels)) return false;
  return true;
}

Status check(const rt::Instruction& in, int inputs, int outputs) {
  const auto* a = in.attrs_as<BatchNormTrainAttrs>();
  VERGE_REQUIRE(a && a->epsilon >= 0 && in.in_count == inputs && in.out_count == outputs, Code::kCorrupt);
  for (int i = 0; i < inputs; ++i) VERGE_REQUIRE(in.has(i), Code::kCorrupt);
  const TensorView& x = in.in(0);
  VERGE_REQUIRE(x.dtype == DataType::kF32 && x.shape.rank >= 1 && x.shape.count() >= 1 && same_type(x, in.out(0)), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() / sizeof(float) >= split_of(x).scratch_floats(), Code::kCorrupt);
  return {};
}

}  // namespace

BatchNormSplit::BatchNormSplit(size_t pixels, size_t all_channels) : channels(all_channels), fold(1) {
  while (channels * fold * 2 <= kWidth && pixels % (fold * 2) == 0) fold *= 2;
  rows = pixels / fold;
  rows_a_block = kBlockFloats / width() ? kBlockFloats / width() : 1;
  blocks = (rows + rows_a_block - 1) / rows_a_block;
}

Status check_batch_norm_train_f32(const rt::Instruction& in) {
  VERGE_RETURN_IF_BAD(check(in, 5, 5));
  const uint64_t channels = channels_of(in.in(0));
  VERGE_REQUIRE(are_channels(in, 1, 5, false, channels) && are_channels(in, 1, 5, true, channels), Code::kCorrupt);
  return {};
}

Status run_batch_norm_train_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const BatchNormTrainAttrs& a = *in.attrs_as<BatchNormTrainAttrs>();
  const TensorView& x = in.in(0);
  const Rows r{split_of(x), in.scratch()->mut<float>()};
  const auto* from = x.as<float>();
  const BatchNormF32Kernel& kernel = pick_batch_norm_f32();
  env.parallel.each(r.s.blocks, [&](size_t b) {
    for (size_t j = 0; j < r.s.width(); ++j) r.shift(b)[j] = from[r.first(b) * r.s.width() + j % r.s.channels];
    kernel.sums(r.block(b, from, nullptr, nullptr));
  });
  const double n = static_cast<double>(x.shape.count()) / static_cast<double>(r.s.channels);
  for (size_t c = 0; c < r.s.channels; ++c) {
    const Moments m = moments(r, c);
    const double deviation = 1 / sqrt(m.variance + double{a.epsilon}), factor = double{in.in(1).as<float>()[c]} * deviation;
    r.row(0)[c] = static_cast<float>(factor);
    r.row(1)[c] = static_cast<float>(double{in.in(2).as<float>()[c]} - m.mean * factor);
    const auto old_mean = double{in.in(3).as<float>()[c]}, old_variance = double{in.in(4).as<float>()[c]}, share = double{a.momentum};
    in.out(1).mut<float>()[c] = static_cast<float>(m.mean);
    in.out(2).mut<float>()[c] = static_cast<float>(deviation);
    in.out(3).mut<float>()[c] = static_cast<float>(old_mean + share * (m.mean - old_mean));
    in.out(4).mut<float>()[c] = static_cast<float>(old_variance + share * (m.variance * (n > 1 ? n / (n - 1) : 1) - old_variance));
  }
  r.repeat(0), r.repeat(1);
  env.parallel.each(r.s.blocks, [&](size_t b) {
    BatchNormRows rows = r.block(b, from, nullptr, in.out(0).mut<float>());
    rows.clamp = {a.clamp_min, a.clamp_max};
    kernel.normalise(rows);
  });
  return {};
}

Status check_batch_norm_gradient_f32(const rt::Instruction& in) {
  VERGE_RETURN_IF_BAD(check(in, 6, 3));
  const uint64_t channels = channels_of(in.in(0));
  VERGE_REQUIRE(same_type(in.in(0), in.in(1)) && are_channels(in, 2, 6, false, channels) && are_channels(in, 1, 3, true, channels), Code::kCorrupt);
  return {};
}

Status run_batch_norm_gradient_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const BatchNormTrainAttrs& a = *in.attrs_as<BatchNormTrainAttrs>();
  const TensorView& x = in.in(0);
  const Rows r{split_of(x), in.scratch()->mut<float>()};
  const BatchNormF32Kernel& kernel = pick_batch_norm_f32();
  const auto *scale = in.in(2).as<float>(), *bias = in.in(3).as<float>(), *mean = in.in(4).as<float>(), *deviation = in.in(5).as<float>();
  for (size_t c = 0; c < r.s.channels; ++c) {
    const double factor = double{scale[c]} * double{deviation[c]};
    r.row(0)[c] = static_cast<float>(factor);
    r.row(1)[c] = static_cast<float>(double{bias[c]} - double{mean[c]} * factor);
  }
  r.repeat(0), r.repeat(1);
  const auto rows_of = [&](size_t b, float* dx) {
    BatchNormRows rows = r.block(b, x.as<float>(), in.in(1).as<float>(), dx);
    rows.clamp = {a.clamp_min, a.clamp_max};
    return rows;
  };
  env.parallel.each(r.s.blocks, [&](size_t b) {
    for (size_t j = 0; j < r.s.width(); ++j) r.shift(b)[j] = mean[j % r.s.channels];
    kernel.gradient_sums(rows_of(b, nullptr));
  });
  // dx = factor * (g - sum g / n - (x - mean) * deviation^2 * sum g (x - mean) / n)
  const double n = static_cast<double>(x.shape.count()) / static_cast<double>(r.s.channels);
  for (size_t c = 0; c < r.s.channels; ++c) {
    const double sum = sum_of(r, c, false), product = sum_of(r, c, true), factor = double{scale[c]} * double{deviation[c]};
    in.out(1).mut<float>()[c] = static_cast<float>(product * double{deviation[c]});
    in.out(2).mut<float>()[c] = static_cast<float>(sum);
    const double slope = -factor * double{deviation[c]} * double{deviation[c]} * product / n;
    r.row(2)[c] = static_cast<float>(factor);
    r.row(3)[c] = static_cast<float>(slope);
    r.row(4)[c] = static_cast<float>(-factor * sum / n - slope * double{mean[c]});
  }
  for (size_t i = 2; i < 5; ++i) r.repeat(i);
  env.parallel.each(r.s.blocks, [&](size_t b) { kernel.gradient(rows_of(b, in.out(0).mut<float>())); });
  return {};
}

}  // namespace verge::exec
