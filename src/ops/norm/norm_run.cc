#include <math.h>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "kernels/normalize/normalize_f32.h"
#include "ops/norm/norm_attrs.h"

namespace verge::exec {
namespace {

constexpr size_t kColumns = 64;  // groups of one channel that are summed side by side

// A mean and variance for each of at most kColumns columns.
void normalize_columns(const NormalizeF32& p) {
  float mean[kColumns] = {}, factor[kColumns] = {};
  const float n = static_cast<float>(p.rows);
  for (size_t r = 0; p.centre && r < p.rows; ++r)
    for (size_t i = 0; i < p.width; ++i) mean[i] += p.x[r * p.step + i];
  for (size_t i = 0; i < p.width; ++i) mean[i] /= n;
  for (size_t r = 0; r < p.rows; ++r)
    for (size_t i = 0; i < p.width; ++i) {
      const float d = p.x[r * p.step + i] - mean[i];
      factor[i] += d * d;
    }
  for (size_t i = 0; i < p.width; ++i) factor[i] = 1 / sqrtf(factor[i] / n + p.epsilon) * (p.scale ? p.scale[i] : 1);
  for (size_t r = 0; r < p.rows; ++r)
    for (size_t i = 0; i < p.width; ++i) p.y[r * p.step + i] = (p.x[r * p.step + i] - mean[i]) * factor[i] + (p.bias ? p.bias[i] : 0);
}

bool side_by_side(const NormalizeAttrs& a) { return a.channels == 1 && a.groups > 1; }

// What one part is: a group, or a run of groups that have one channel each.
size_t parts_per_batch(const NormalizeAttrs& a) {
  const size_t groups = static_cast<size_t>(a.groups);
  return side_by_side(a) ? (groups + kColumns - 1) / kColumns : groups;
}

bool has_bf16(const rt::Instruction& in) { return reals(in.in(0)).half || reals_out(in.out()).half; }

NormalizeF32 part_of(const rt::Instruction& in, const NormalizeAttrs& a, size_t index) {
  const size_t step = static_cast<size_t>(a.groups) * static_cast<size_t>(a.channels), width = side_by_side(a) ? kColumns : static_cast<size_t>(a.channels);
  const size_t batch = index / parts_per_batch(a), column = index % parts_per_batch(a) * width, pixels = static_cast<size_t>(a.pixels);
  const size_t at = batch * pixels * step + column;
  return {.x = has_bf16(in) ? nullptr : in.in(0).as<float>() + at, .y = has_bf16(in) ? nullptr : in.out().mut<float>() + at, .rows = pixels, .width = width < step - column ? width : step - column, .step = step,
          .scale = in.has(1) ? in.in(1).as<float>() + column : nullptr, .bias = in.has(2) ? in.in(2).as<float>() + column : nullptr,
          .centre = a.centre != 0, .epsilon = a.epsilon};
}

// One row, of which x or y is bf16.
void normalize_bf16(const rt::Instruction& in, const NormalizeAttrs& a, size_t row, NormalizeF32Fn normalize) {
  NormalizeF32 part = part_of(in, a, row);
  if (in.in(0).dtype == in.out().dtype) {
    const size_t at = row * part.step;
    return pick_normalize_bf16()({in.in(0).as<uint16_t>() + at, in.out().mut<uint16_t>() + at, 1, part.width, part.step, part.scale, part.bias, part.centre, part.epsilon});
  }
  float room[kMostBf16Row];
  const RealsOut y = reals_out(in.out()).from(row * part.step);
  part.x = as_floats(reals(in.in(0)).from(row * part.step), part.step, room);
  part.y = as_floats(y, room);
  normalize(part);
  rounded(y, part.step, room);
}

}  // namespace

Status check_normalize_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<NormalizeAttrs>();
  VERGE_REQUIRE(a && has_arity(in, 1, 3) && is_real(in.in(0)) && is_real(in.out()) && in.in(0).shape == in.out().shape, Code::kCorrupt);
  VERGE_REQUIRE(!has_bf16(in) || (a->pixels == 1 && a->groups == 1 && a->channels <= kMostBf16Row), Code::kCorrupt);
  VERGE_REQUIRE(a->batch >= 1 && a->pixels >= 1 && a->groups >= 1 && a->channels >= 1, Code::kCorrupt);
  const int64_t count = in.out().shape.count(), step = int64_t{a->groups} * a->channels;
  VERGE_REQUIRE(step <= count && a->pixels <= count / step && int64_t{a->batch} <= count / (step * a->pixels) && step * a->pixels * a->batch == count, Code::kCorrupt);
  for (int i = 1; i < 3; ++i) VERGE_REQUIRE(!in.has(i) || holds(in.in(i), DataType::kF32, static_cast<uint64_t>(step)), Code::kCorrupt);
  return {};
}

Status run_normalize_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const NormalizeAttrs& a = *in.attrs_as<NormalizeAttrs>();
  const size_t parts = static_cast<size_t>(a.batch) * parts_per_batch(a), elements = static_cast<size_t>(in.out().shape.count()) / parts;
  const NormalizeF32Fn normalize = side_by_side(a) ? normalize_columns : pick_normalize_f32();
  for_blocks(env, parts, items_per_block(elements), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) has_bf16(in) ? normalize_bf16(in, a, i, normalize) : normalize(part_of(in, a, i));
  });
  return {};
}

Status check_lrn_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<LrnAttrs>();
  VERGE_REQUIRE(a && has_arity(in, 1, 1) && in.in(0).dtype == DataType::kF32 && same_type(in.in(0), in.out()) && in.out().shape.rank >= 1, Code::kCorrupt);
  VERGE_REQUIRE(in.out().shape.count() >= 1 && a->before >= 0 && a->after >= 0, Code::kCorrupt);
  return {};
}

Status run_lrn_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const LrnAttrs& a = *in.attrs_as<LrnAttrs>();
  const int64_t channels = in.out().shape.back(0);
  const auto rows = static_cast<size_t>(in.out().shape.count() / channels);
  for_blocks(env, rows, items_per_block(static_cast<size_t>(channels)), [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      const float* x = in.in(0).as<float>() + row * static_cast<size_t>(channels);
      float* y = in.out().mut<float>() + row * static_cast<size_t>(channels);
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t first = c - a.before < 0 ? 0 : c - a.before, last = c + a.after >= channels ? channels - 1 : c + a.after;
        float squares = 0;
        for (int64_t i = first; i <= last; ++i) squares += x[i] * x[i];
        y[c] = x[c] / powf(a.bias + a.alpha * squares, a.beta);
      }
    }
  });
  return {};
}

}  // namespace verge::exec
