#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "kernels/quantize_i8/quantize_i8.h"
#include "ops/quantize/quantize_attrs.h"

namespace verge::exec {
namespace {

constexpr uint32_t kModes = 2;

bool is_narrow(DataType dtype) { return dtype >= DataType::kI8 && dtype <= DataType::kU16; }
bool is_quantized_type(DataType dtype) { return is_narrow(dtype) || dtype == DataType::kI32; }

// Runs of elements under one scale: body(begin, end, scale, zero point), in fixed blocks.
template <typename Body> void for_scales(const rt::RunEnv& env, const TensorView& t, const Body& body) {
  const bool per_channel = t.quant.count > 1;
  const auto count = static_cast<size_t>(t.shape.count());
  const size_t run = per_channel ? static_cast<size_t>(t.shape.count(t.quant.axis + 1, t.shape.rank)) : count;
  if (run == 0) return;
  for_elements(env, count, [&](size_t begin, size_t end) {
    for (size_t at = begin; at < end;) {
      const size_t to = (at / run + 1) * run < end ? (at / run + 1) * run : end;
      const size_t i = per_channel ? at / run % static_cast<size_t>(t.quant.count) : 0;
      body(at, to, t.quant.scale[i], t.quant.zero_point[i]);
      at = to;
    }
  });
}

int64_t clamped(int64_t q, IntegerRange range) { return q < range.min ? range.min : q > range.max ? range.max : q; }

}  // namespace

Status check_quantize(const rt::Instruction& in) {
  const auto* a = in.attrs_as<QuantizeAttrs>();
  VERGE_REQUIRE(a && a->mode < kModes && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && is_narrow(in.out().dtype) && quantized(in.out()) && in.in(0).shape == in.out().shape, Code::kCorrupt);
  return {};
}

Status run_quantize(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto mode = static_cast<RequantMode>(in.attrs_as<QuantizeAttrs>()->mode);
  const TensorView& y = in.out();
  const auto* x = in.in(0).as<float>();
  const QuantizeKernel& kernel = pick_quantize();
  const size_t step = dtype_bits(y.dtype) / 8;
  for_scales(env, y, [&](size_t begin, size_t end, float scale, int32_t zero_point) {
    kernel.quantize(end - begin, x + begin, {scale, zero_point, y.dtype, mode}, y.mut<uint8_t>() + begin * step);
  });
  return {};
}

Status check_dequantize(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<DequantizeAttrs>() && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(in.out().dtype == DataType::kF32 && is_quantized_type(in.in(0).dtype) && quantized(in.in(0)) && in.in(0).shape == in.out().shape, Code::kCorrupt);
  return {};
}

Status run_dequantize(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView& x = in.in(0);
  auto* y = in.out().mut<float>();
  const QuantizeKernel& kernel = pick_quantize();
  for_scales(env, x, [&](size_t begin, size_t end, float scale, int32_t zero_point) {
    if (is_narrow(x.dtype)) {
      const size_t step = dtype_bits(x.dtype) / 8;
      return kernel.dequantize(end - begin, x.as<uint8_t>() + begin * step, {scale, zero_point, x.dtype}, y + begin);
    }
    for (size_t i = begin; i < end; ++i) y[i] = static_cast<float>(static_cast<double>(scale) * (static_cast<double>(x.as<int32_t>()[i]) - zero_point));
  });
  return {};
}

Status check_requantize(const rt::Instruction& in) {
  const auto* a = in.attrs_as<RequantizeAttrs>();
  VERGE_REQUIRE(a && a->mode < kModes && usable_multiplier(a->multiplier, a->shift) && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE(is_quantized_type(x.dtype) && is_quantized_type(y.dtype) && quantized_as_one(x) && quantized_as_one(y) && x.shape == y.shape, Code::kCorrupt);
  return {};
}

Status run_requantize(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<RequantizeAttrs>();
  const TensorView &x = in.in(0), &y = in.out();
  const IntegerRange range = integer_range(y.dtype);
  const int32_t x_zero = x.quant.zero_point[0], y_zero = y.quant.zero_point[0];
  const float x_scale = x.quant.scale[0], y_scale = y.quant.scale[0];
  const auto mode = static_cast<RequantMode>(a.mode);
  const auto requantized = [&](int64_t q) {
    if (mode == RequantMode::kTflm)
      return clamped(int64_t{multiply_by_quantized_multiplier(static_cast<int32_t>(static_cast<uint32_t>(q - x_zero)), {a.multiplier, a.shift})} + y_zero, range);
    const float ratio = static_cast<float>(static_cast<double>(x_scale) * static_cast<double>(q - x_zero)) / y_scale;
    const double rounded = static_cast<double>(std::nearbyint(ratio)) + y_zero;
    return rounded <= range.min ? int64_t{range.min} : rounded >= range.max ? int64_t{range.max} : static_cast<int64_t>(rounded);
  };
  for_elements(env, static_cast<size_t>(y.shape.count()), [&](size_t begin, size_t end) {
    int64_t run[kIntegerRun];
    for (size_t at = begin; at < end; at += kIntegerRun) {
      const size_t n = end - at < kIntegerRun ? end - at : kIntegerRun;
      load_integers(x.dtype, x.data, at, n, run);
      for (size_t i = 0; i < n; ++i) run[i] = requantized(run[i]);
      store_integers(y.dtype, y.data, at, n, run);
    }
  });
  return {};
}

}  // namespace verge::exec
