#include "kernels/resize/resize.h"

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/resize/resize_attrs.h"

namespace verge::exec {
namespace {

struct Picture {
  size_t batch, in_h, in_w, out_h, out_w, channels;
};

Picture picture_of(const rt::Instruction& in) {
  const auto& a = *in.attrs_as<ResizeAttrs>();
  const Shape &x = in.in(0).shape, &y = in.out().shape;
  const int after = a.axis + (a.pair ? 2 : 1);
  const auto size = [](int64_t n) { return static_cast<size_t>(n); };
  return {size(x.count(0, a.axis)), size(x[a.axis]), a.pair ? size(x[a.axis + 1]) : 1, size(y[a.axis]), a.pair ? size(y[a.axis + 1]) : 1, size(x.count(after, x.rank))};
}

// Attributes, and shapes that differ in the resized axes alone.
bool shapes_fit(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ResizeAttrs>();
  if (!a || a->pair > 1 || a->nearest > 1 || in.in_count < 1 || in.out_count != 1 || !in.has(0)) return false;
  const Shape &x = in.in(0).shape, &y = in.out().shape;
  if (x.rank != y.rank || a->axis < 0 || a->axis + static_cast<int>(a->pair) >= x.rank) return false;
  for (int d = 0; d < x.rank; ++d) {
    const bool resized = d == a->axis || (a->pair && d == a->axis + 1);
    if (resized ? x[d] < 1 : x[d] != y[d]) return false;
  }
  return true;
}

// A constant table of `count` places whose `taps` inputs lie below `size`.
bool places_fit(const TensorView& table, size_t count, int32_t taps, size_t size) {
  if (table.dtype != DataType::kI32 || !table.data || table.shape.count() != static_cast<int64_t>(count) || taps < 1 || static_cast<size_t>(taps) > size) return false;
  for (size_t i = 0; i < count; ++i)
    if (table.as<int32_t>()[i] < 0 || static_cast<size_t>(table.as<int32_t>()[i]) > size - static_cast<size_t>(taps)) return false;
  return true;
}

bool weights_fit(const TensorView& weights, DataType dtype, size_t count, int32_t taps) {
  if (weights.dtype != dtype || !weights.data || weights.shape.count() != static_cast<int64_t>(count) * taps) return false;
  for (int64_t i = 0; dtype == DataType::kI32 && i < weights.shape.count(); ++i)
    if (weights.as<int32_t>()[i] > kMostResizeWeight || weights.as<int32_t>()[i] < -kMostResizeWeight) return false;
  return true;
}

bool weighted_tables_fit(const rt::Instruction& in, DataType weights) {
  const auto& a = *in.attrs_as<ResizeAttrs>();
  const Picture p = picture_of(in);
  return arity(in, 5, 1) && places_fit(in.in(1), p.out_h, a.y_taps, p.in_h) && weights_fit(in.in(2), weights, p.out_h, a.y_taps) &&
         places_fit(in.in(3), p.out_w, a.x_taps, p.in_w) && weights_fit(in.in(4), weights, p.out_w, a.x_taps);
}

void run_nearest(const rt::Instruction& in, const rt::RunEnv& env, const Picture& p) {
  const ResizeNearest r{p.in_h, p.in_w, p.out_h, p.out_w, p.channels * element_bytes(in.in(0).dtype), in.in(1).as<int32_t>(), in.in(2).as<int32_t>(), in.in(0).data, in.out().data};
  for_blocks(env, p.batch * p.out_h, items_per_block(p.out_w * p.channels), [&](size_t begin, size_t end) { resize_nearest_rows(r, begin, end); });
}

int8_t clamped_to_i8(int64_t v) { return static_cast<int8_t>(v < -128 ? -128 : v > 127 ? 127 : v); }
uint8_t clamped_to_u8(int64_t v) { return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v); }

// Half away from zero.
int64_t scaled_down(int64_t sum) {
  constexpr int64_t kUnit = int64_t{kResizeOne} * kResizeOne;
  return (sum + (sum > 0 ? kUnit / 2 : -kUnit / 2)) / kUnit;
}

template <typename T, typename Clamp> void run_integers(const rt::Instruction& in, const rt::RunEnv& env, Clamp clamp) {
  const auto& a = *in.attrs_as<ResizeAttrs>();
  const Picture p = picture_of(in);
  const auto *y_first = in.in(1).as<int32_t>(), *y_weights = in.in(2).as<int32_t>(), *x_first = in.in(3).as<int32_t>(), *x_weights = in.in(4).as<int32_t>();
  for_blocks(env, p.batch * p.out_h, items_per_block(p.out_w * p.channels), [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      const size_t i = row % p.out_h;
      const T* top = in.in(0).as<T>() + (row / p.out_h * p.in_h + static_cast<size_t>(y_first[i])) * p.in_w * p.channels;
      T* y = in.out().mut<T>() + row * p.out_w * p.channels;
      for (size_t j = 0; j < p.out_w; ++j)
        for (size_t c = 0; c < p.channels; ++c) {
          int64_t sum = 0;
          for (int32_t s = 0; s < a.y_taps; ++s)
            for (int32_t t = 0; t < a.x_taps; ++t) {
              const T x = top[(static_cast<size_t>(s) * p.in_w + static_cast<size_t>(x_first[j] + t)) * p.channels + c];
              sum += int64_t{x} * y_weights[i * static_cast<size_t>(a.y_taps) + static_cast<size_t>(s)] * x_weights[j * static_cast<size_t>(a.x_taps) + static_cast<size_t>(t)];
            }
          *y++ = clamp(scaled_down(sum));
        }
    }
  });
}

}  // namespace

Status check_resize(const rt::Instruction& in) {
  VERGE_REQUIRE(shapes_fit(in), Code::kCorrupt);
  const auto& a = *in.attrs_as<ResizeAttrs>();
  const Picture p = picture_of(in);
  VERGE_REQUIRE(in.in(0).dtype == in.out().dtype && element_bytes(in.in(0).dtype) > 0, Code::kCorrupt);
  if (a.nearest) {
    VERGE_REQUIRE(arity(in, 3, 1) && places_fit(in.in(1), p.out_h, 1, p.in_h) && places_fit(in.in(2), p.out_w, 1, p.in_w), Code::kCorrupt);
    return {};
  }
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && weighted_tables_fit(in, DataType::kF32), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= kResizeParts * p.in_w * p.channels * sizeof(float), Code::kCorrupt);
  return {};
}

Status run_resize(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<ResizeAttrs>();
  const Picture p = picture_of(in);
  if (in.out().shape.count() == 0) return {};
  if (a.nearest) {
    run_nearest(in, env, p);
    return {};
  }
  const ResizeF32 r{.in_h = p.in_h,
                    .in_w = p.in_w,
                    .out_h = p.out_h,
                    .out_w = p.out_w,
                    .channels = p.channels,
                    .y = {in.in(1).as<int32_t>(), in.in(2).as<float>(), static_cast<size_t>(a.y_taps)},
                    .x = {in.in(3).as<int32_t>(), in.in(4).as<float>(), static_cast<size_t>(a.x_taps)},
                    .input = in.in(0).as<float>(),
                    .output = in.out().mut<float>()};
  const size_t rows = p.batch * p.out_h, room = resize_f32_scratch_size(r);
  env.parallel.each(kResizeParts, [&](size_t part) {
    resize_f32_rows(r, rows * part / kResizeParts, rows * (part + 1) / kResizeParts, in.scratch()->mut<float>() + part * room);
  });
  return {};
}

Status check_resize_i8(const rt::Instruction& in) {
  VERGE_REQUIRE(shapes_fit(in), Code::kCorrupt);
  const auto& a = *in.attrs_as<ResizeAttrs>();
  const DataType dtype = in.in(0).dtype;
  VERGE_REQUIRE((dtype == DataType::kI8 || dtype == DataType::kU8) && in.out().dtype == dtype && !a.nearest, Code::kCorrupt);
  VERGE_REQUIRE(a.y_taps <= kMostResizeTaps && a.x_taps <= kMostResizeTaps && weighted_tables_fit(in, DataType::kI32), Code::kCorrupt);
  return {};
}

Status run_resize_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  if (in.out().shape.count() == 0) return {};
  if (in.in(0).dtype == DataType::kI8) run_integers<int8_t>(in, env, clamped_to_i8);
  else run_integers<uint8_t>(in, env, clamped_to_u8);
  return {};
}

}  // namespace verge::exec
