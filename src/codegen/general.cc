#include "codegen/general.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/requant.h"
#include "core/text.h"
#include "exec/op_codes.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/pool/pool_f32.h"
#include "kernels/pool_i8/pool_i8.h"
#include "kernels/reduce/reduce_f32.h"
#include "kernels/reduce_i8/reduce_i8.h"
#include "kernels/requant/requant.h"
#include "ops/arg/arg_attrs.h"
#include "ops/binary/binary_attrs.h"
#include "ops/concat/concat_attrs.h"
#include "ops/quantize/quantize_attrs.h"
#include "ops/resize/resize_attrs.h"
#include "ops/unary/unary_attrs.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/gather/gather_attrs.h"
#include "ops/matmul/matmul_attrs.h"
#include "ops/pad/pad_attrs.h"
#include "ops/pool/pool_attrs.h"
#include "ops/product_i16_attrs.h"
#include "ops/recurrent/lstm_i8_attrs.h"
#include "ops/reduce/reduce_attrs.h"
#include "ops/slice/slice_attrs.h"
#include "ops/softmax/softmax_attrs.h"
#include "ops/transpose/transpose_attrs.h"

namespace verge::codegen {
namespace {

using Text = std::string;

long long big(int64_t n) { return static_cast<long long>(n); }

// A float as C reads it back to the bit.
Text real(float v) {
  if (std::isinf(v)) return v > 0 ? "3.4028235e38f" : "-3.4028235e38f";
  const Text digits = format("%.9g", static_cast<double>(v));
  return digits + (digits.find_first_of(".e") == Text::npos ? ".0f" : "f");
}

Text numbers(const std::vector<int64_t>& values) {
  std::vector<Text> words;
  for (int64_t v : values) words.push_back(std::to_string(v));
  return "{" + join(words, ", ") + "}";
}

Text window_fields(const ConvGeometry& g) {
  return format("{%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d}", g.batch, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c, g.kernel_h, g.kernel_w, g.stride_h,
                g.stride_w, g.dilation_h, g.dilation_w, g.pad_top, g.pad_left, g.groups);
}

int64_t macs_of(const ConvGeometry& g) { return static_cast<int64_t>(g.out_pixels() * static_cast<size_t>(g.out_c) * g.taps() * g.group_in()); }

// One loop over elements: how often, and what lies between two of them in both tensors.
struct Axis {
  int64_t count, in_step, out_step;
};

// Axes of which each runs through what the next one does are one; innermost ones without gaps are longer elements.
General move_of(std::vector<Axis> axes, int64_t element, int64_t in_first, int64_t out_first) {
  std::erase_if(axes, [](const Axis& a) { return a.count == 1; });
  for (size_t i = axes.size(); i-- > 1;)
    if (axes[i - 1].in_step == axes[i].in_step * axes[i].count && axes[i - 1].out_step == axes[i].out_step * axes[i].count) {
      axes[i - 1] = {axes[i - 1].count * axes[i].count, axes[i].in_step, axes[i].out_step};
      axes.erase(axes.begin() + static_cast<int64_t>(i));
    }
  while (!axes.empty() && axes.back().in_step == element && axes.back().out_step == element) element *= axes.back().count, axes.pop_back();
  std::vector<int64_t> count, in_step, out_step;
  for (const Axis& a : axes) count.push_back(a.count), in_step.push_back(a.in_step), out_step.push_back(a.out_step);
  if (axes.empty()) count = in_step = out_step = {0};
  General out;
  out.name = "vg_move";
  out.sources = {"move"};
  out.fields = format("%zu, %lld, %lld, %lld, %s, %s, %s", axes.size(), big(element), big(in_first), big(out_first), numbers(count).c_str(), numbers(in_step).c_str(),
                      numbers(out_step).c_str());
  out.inputs = {0};
  return out;
}

std::vector<int64_t> steps_of(const Shape& shape, int64_t element) {
  std::vector<int64_t> out(static_cast<size_t>(shape.rank));
  int64_t step = element;
  for (size_t d = out.size(); d-- > 0; step *= shape[static_cast<int>(d)]) out[d] = step;
  return out;
}

class Maker {
 public:
  Maker(const rt::Model& model, size_t index) : model_(model), index_(index), record_(model.instruction(index)) {}

  Result<General> make() {
    switch (static_cast<exec::Op>(record_.op)) {
      case exec::Op::pad: return pad();
      case exec::Op::transpose: return transpose();
      case exec::Op::slice: return slice();
      case exec::Op::reduce_i8: return reduce_i8();
      case exec::Op::pool_i8: return pool_i8();
      case exec::Op::softmax_i8: return softmax_u8();
      case exec::Op::lstm_i8: return lstm();
      case exec::Op::dense_i16: return dense_i16();
      case exec::Op::conv_i16: return conv_i16();
      case exec::Op::conv_winograd_f32:  // the same weights; summed directly
      case exec::Op::conv_f32: return conv_f32();
      case exec::Op::depthwise_f32: return depthwise_f32();
      case exec::Op::dense_f32: return dense_f32();
      case exec::Op::reduce_f32: return reduce_f32();
      case exec::Op::softmax_f32: return softmax_f32();
      case exec::Op::concat: return concat();
      case exec::Op::lut8: return lut8();
      case exec::Op::quantize: return quantize();
      case exec::Op::dequantize: return dequantize();
      case exec::Op::unary_f32: return unary_f32();
      case exec::Op::binary_f32: return binary_f32();
      case exec::Op::binary_i8: return binary_integers();
      case exec::Op::pool_f32: return pool_f32();
      case exec::Op::resize: return resize();
      case exec::Op::resize_i8: return resize_weighted();
      case exec::Op::gather: return gather();
      case exec::Op::cast: return cast();
      case exec::Op::compare: return compare();
      case exec::Op::select: return select();
      case exec::Op::arg_reduce: return arg_reduce();
      case exec::Op::matmul_f32: return matmul_f32();
      default: return unsupported("no C for this operator yet");
    }
  }

 private:
  bool has(size_t i) const { return i < record_.in_count && model_.args(index_)[i] != rt::kNoTensor; }
  TensorView in(size_t i) const { return model_.describe(model_.args(index_)[i]); }
  TensorView out(size_t i = 0) const { return model_.describe(model_.args(index_)[record_.in_count + i]); }
  template <typename A> const A& attrs() const { return *static_cast<const A*>(model_.attributes(index_)); }
  template <typename T> std::vector<T> values(size_t i) const {
    const TensorView view = in(i);
    return {view.as<T>(), view.as<T>() + view.shape.count()};
  }

  Result<General> pad() {
    const auto& a = attrs<exec::PadAttrs>();
    if (a.mode != static_cast<uint32_t>(exec::PadMode::kConstant)) return unsupported("of the pads, that with a constant has C");
    const Shape &x = in(0).shape, &y = out().shape;
    const auto element = static_cast<int64_t>(dtype_bits(in(0).dtype) / 8);
    const std::vector<int64_t> from = steps_of(x, element), to = steps_of(y, element);
    std::vector<Axis> axes;
    int64_t in_first = 0, out_first = 0;
    for (int d = 0; d < x.rank; ++d) {
      const int64_t before = a.before[d], first = std::max<int64_t>(0, -before), last = std::min<int64_t>(x[d], y[d] - before);
      in_first += first * from[static_cast<size_t>(d)], out_first += (first + before) * to[static_cast<size_t>(d)];
      axes.push_back({std::max<int64_t>(0, last - first), from[static_cast<size_t>(d)], to[static_cast<size_t>(d)]});
    }
    General move = move_of(axes, element, in_first, out_first);
    std::vector<int64_t> value(a.value, a.value + element);
    move.name = "vg_pad";
    move.sources = {"move", "pad"};
    move.fields = "{" + move.fields + "}, " + std::to_string(out().bytes()) + ", " + std::to_string(element) + ", " + numbers(value);
    return move;
  }

  Result<General> transpose() {
    const auto& a = attrs<exec::TransposeAttrs>();
    const auto element = static_cast<int64_t>(dtype_bits(in(0).dtype) / 8);
    std::vector<int64_t> from(static_cast<size_t>(a.rank));
    int64_t step = element;
    for (int d = a.rank; d-- > 0; step *= a.dim[d]) from[static_cast<size_t>(d)] = step;
    std::vector<Axis> axes(static_cast<size_t>(a.rank));
    step = element;
    for (size_t d = axes.size(); d-- > 0; step *= axes[d].count) {
      const auto source = static_cast<size_t>(a.perm[d]);
      axes[d] = {a.dim[source], from[source], step};
    }
    return move_of(axes, element, 0, 0);
  }

  Result<General> slice() {
    const auto& a = attrs<exec::SliceAttrs>();
    const auto element = static_cast<int64_t>(dtype_bits(in(0).dtype) / 8);
    const std::vector<int64_t> from = steps_of(in(0).shape, element), to = steps_of(out().shape, element);
    std::vector<Axis> axes;
    int64_t first = 0;
    for (size_t d = 0; d < from.size(); ++d) {
      first += a.start[d] * from[d];
      axes.push_back({out().shape[static_cast<int>(d)], a.step[d] * from[d], to[d]});
    }
    return move_of(axes, element, first, 0);
  }

  Result<General> reduce_i8() {
    const auto& a = attrs<exec::ReduceI8Attrs>();
    const auto op = static_cast<ReduceI8Op>(a.function);
    if (static_cast<RequantMode>(a.mode) != RequantMode::kTflm && (op == ReduceI8Op::kMean || op == ReduceI8Op::kSum)) return unsupported("requantises in float (mode onnx)");
    const Shape& x = in(0).shape;
    const std::vector<int64_t> steps = steps_of(x, 1);
    std::vector<int64_t> kept, kept_step, gone, gone_step;
    int64_t n = 1;
    for (int d = 0; d < x.rank; ++d) {
      const bool reduced = a.axes >> d & 1u;
      (reduced ? gone : kept).push_back(x[d]), (reduced ? gone_step : kept_step).push_back(steps[static_cast<size_t>(d)]);
      if (reduced) n *= x[d];
    }
    if (n == 0) return unsupported("a reduction over nothing");
    const Multiplier m = op == ReduceI8Op::kMean ? mean_multiplier({a.multiplier, a.shift}, n) : Multiplier{a.multiplier, a.shift};
    for (auto* list : {&kept, &kept_step, &gone, &gone_step})
      if (list->empty()) list->push_back(1);
    const bool bytes = in(0).dtype == DataType::kU8;
    General out;
    out.name = "vg_reduce";
    out.sources = {"scale", "next_place", "reduce"};
    out.fields = format("%u, %d, %zu, %zu, %s, %s, %s, %s, %lld, %d, %d, %d, %d, %d", a.function, bytes, kept.size(), gone.size(), numbers(kept).c_str(), numbers(kept_step).c_str(),
                        numbers(gone).c_str(), numbers(gone_step).c_str(), big(n * in(0).quant.zero_point[0]), m.multiplier, m.shift, this->out().quant.zero_point[0],
                        bytes ? 0 : -128, bytes ? 255 : 127);
    out.inputs = {0};
    return out;
  }

  Result<General> pool_i8() {
    const auto& a = attrs<exec::PoolI8Attrs>();
    if (static_cast<RequantMode>(a.mode) != RequantMode::kTflm && static_cast<PoolKind>(a.pool.kind) == PoolKind::kAverage) return unsupported("an average in float (mode onnx)");
    if (static_cast<PoolCount>(a.pool.count) != PoolCount::kInside) return unsupported("a pool that counts padding");
    General out;
    out.name = "vg_pool";
    out.sources = {"area", "pool"};
    out.fields = window_fields(exec::make_geometry(a.pool.window, 1, in(0).shape, this->out().shape)) +
                 format(", %d, %d, %d, %d", static_cast<PoolKind>(a.pool.kind) == PoolKind::kAverage, in(0).dtype == DataType::kU8, a.min, a.max);
    out.inputs = {0};
    return out;
  }

  Result<General> softmax_u8() {
    std::vector<int32_t> table = values<int32_t>(1);
    const int64_t columns = in(0).shape.back(0);
    General out;
    out.name = "vg_softmax_bytes";
    out.sources = {"softmax", "softmax_bytes"};
    out.fields = format("%lld, %lld, %zu, %d, %d, $0", big(in(0).shape.count() / columns), big(columns), table.size(), in(0).dtype == DataType::kU8, this->out().dtype == DataType::kU8);
    out.constants = {constant_of(DataType::kI32, table)};
    out.inputs = {0};
    return out;
  }

  Result<General> lstm() {
    const auto& a = attrs<exec::LstmI8Attrs>();
    const int32_t batch = in(0).shape[0], time = in(0).shape[1], inputs = in(0).shape[2], cells = in(2).shape[1];
    const auto four = [](const int32_t* v) { return numbers({v[0], v[1], v[2], v[3]}); };
    General out;
    out.name = "vg_lstm";
    out.sources = {"scale", "lstm"};
    out.fields = format("%d, %d, %d, %d, %s, %s, %s, %s, %d, %d, %d, %d, %d, %u, %u, $0, $1, $2", batch, time, inputs, cells, four(a.input_multiplier).c_str(), four(a.input_shift).c_str(),
                        four(a.recurrent_multiplier).c_str(), four(a.recurrent_shift).c_str(), a.hidden_multiplier, a.hidden_shift, a.hidden_zero_point, a.cell_bits, a.cell_clip,
                        a.coupled, a.backward);
    out.constants = {constant_of(DataType::kI8, values<int8_t>(1)), constant_of(DataType::kI8, values<int8_t>(2)), constant_of(DataType::kI32, values<int32_t>(3))};
    out.inputs = {0, 4, 5};
    out.outputs = 3;
    out.scratch = int64_t{8} * cells;
    out.macs = int64_t{4} * batch * time * cells * (inputs + cells);
    return out;
  }

  Result<General> product_i16(const exec::ProductI16Attrs& a, const ConvGeometry& g) {
    const bool narrow = has(2) && in(2).dtype == DataType::kI32;
    General out;
    out.name = "vg_product_i16";
    out.sources = {"scale", "area", "product_i16"};
    out.fields = window_fields(g) + format(", %d, %d, %d, $0, $1, %s, %s", narrow, a.min, a.max, narrow ? "$2" : "0", has(2) && !narrow ? "$2" : "0");
    out.constants = {constant_of(DataType::kI8, values<int8_t>(1)), constant_of(DataType::kI32, values<int32_t>(3))};
    if (has(2)) out.constants.push_back(narrow ? constant_of(DataType::kI32, values<int32_t>(2)) : constant_of(DataType::kI64, values<int64_t>(2)));
    out.inputs = {0};
    out.macs = macs_of(g);
    return out;
  }
  Result<General> dense_i16() { return product_i16(attrs<exec::ProductI16Attrs>(), exec::rows_geometry(in(0).shape, out().shape)); }
  Result<General> conv_i16() {
    const auto& a = attrs<exec::ConvI16Attrs>();
    return product_i16(a.product, exec::make_geometry(a.window, a.groups, in(0).shape, out().shape));
  }

  General product_f32(const ConvGeometry& g, float low, float high, std::vector<float> weights) {
    std::vector<float> bias;
    const size_t packed = packed_bias_f32_size(g.group_out());
    for (size_t o = 0; o < static_cast<size_t>(g.out_c); ++o) bias.push_back(in(2).as<float>()[o / g.group_out() * packed + o % g.group_out()]);
    const bool residual = has(3);
    General out;
    out.name = residual ? "vg_product_sum_f32" : "vg_product_f32";
    out.sources = {"area", "product_f32"};
    if (residual) out.sources.push_back("product_sum_f32");
    out.fields = window_fields(g) + ", " + real(low) + ", " + real(high) + ", $0, $1";
    out.constants = {constant_of(DataType::kF32, weights), constant_of(DataType::kF32, bias)};
    out.inputs = {0};
    if (residual) out.inputs.push_back(3);
    out.macs = macs_of(g);
    return out;
  }

  // [out_c][taps][k] out of panels.
  std::vector<float> unpacked(const ConvGeometry& g) const {
    const size_t n = g.group_out(), k = g.taps() * g.group_in(), group = packed_weights_f32_size(n, g.taps(), g.group_in());
    std::vector<float> out;
    for (size_t o = 0; o < static_cast<size_t>(g.out_c); ++o) {
      const size_t j = o % n;
      const float* panel = in(1).as<float>() + o / n * group + j / kPanelF32 * kPanelF32 * k + j % kPanelF32;
      for (size_t i = 0; i < k; ++i) out.push_back(panel[i * kPanelF32]);
    }
    return out;
  }

  Result<General> conv_f32() {
    const auto& a = attrs<exec::ConvF32Attrs>();
    const ConvGeometry g = exec::make_geometry(a.window, a.groups, in(0).shape, out().shape);
    return product_f32(g, a.clamp_min, a.clamp_max, unpacked(g));
  }

  Result<General> depthwise_f32() {
    const auto& a = attrs<exec::ConvF32Attrs>();
    ConvGeometry g = exec::make_geometry(a.window, a.groups, in(0).shape, out().shape);
    const size_t step = packed_bias_f32_size(static_cast<size_t>(g.out_c));
    std::vector<float> weights;
    for (size_t o = 0; o < static_cast<size_t>(g.out_c); ++o)
      for (size_t t = 0; t < g.taps(); ++t) weights.push_back(in(1).as<float>()[t * step + o]);
    const General whole = [&] {
      ConvGeometry one = g;
      one.groups = 1;  // biases of all channels lie together
      General p = product_f32(one, a.clamp_min, a.clamp_max, weights);
      p.fields = window_fields(g) + ", " + real(a.clamp_min) + ", " + real(a.clamp_max) + ", $0, $1";
      p.macs = macs_of(g);
      return p;
    }();
    return whole;
  }

  Result<General> dense_f32() {
    const auto& a = attrs<exec::DenseF32Attrs>();
    const ConvGeometry g = exec::rows_geometry(in(0).shape, out().shape);
    return product_f32(g, a.clamp_min, a.clamp_max, unpacked(g));
  }

  Result<General> reduce_f32() {
    const auto& a = attrs<exec::ReduceF32Attrs>();
    const auto f = static_cast<ReduceF32>(a.function);
    if (f == ReduceF32::kProd || f == ReduceF32::kLogSum || f == ReduceF32::kLogSumExp) return unsupported("of the reductions, sums, mean, max, min and norms have C");
    int64_t outer = 1, axis = 1, inner = 1;
    for (int d = 0; d < in(0).shape.rank; ++d) (d < a.first ? outer : d < a.last ? axis : inner) *= in(0).shape[d];
    General out;
    out.name = "vg_reduce_f32";
    out.sources = {"log_f32", "reduce_f32"};
    out.fields = format("%lld, %lld, %lld, %u", big(outer), big(axis), big(inner), a.function);
    out.inputs = {0};
    return out;
  }

  Result<General> softmax_f32() {
    if (attrs<exec::SoftmaxF32Attrs>().function != static_cast<uint32_t>(exec::SoftmaxFunction::kSoftmax)) return unsupported("the logarithm of softmax");
    const int64_t columns = in(0).shape.back(0);
    General out;
    out.name = "vg_softmax_f32";
    out.sources = {"exp_f32", "softmax_f32"};
    out.fields = format("%lld, %lld", big(in(0).shape.count() / columns), big(columns));
    out.inputs = {0};
    return out;
  }

  Result<General> concat() {
    const int axis = attrs<exec::ConcatAttrs>().axis;
    const auto element = static_cast<int64_t>(dtype_bits(out().dtype) / 8);
    const int64_t row = out().shape.count(axis, out().shape.rank) * element;
    int64_t first = 0;
    General all;
    for (size_t i = 0; i < record_.in_count; ++i) {
      const int64_t part = in(i).shape.count(axis, in(i).shape.rank) * element;
      all.parts.push_back(move_of({{in(i).shape.count(0, axis), part, row}, {part / element, element, element}}, element, 0, first).fields);
      all.inputs.push_back(i);
      first += part;
    }
    all.name = "vg_move";
    all.sources = {"move"};
    return all;
  }

  General pointwise(const char* name, const char* source, Text fields) {
    General out;
    out.name = name;
    out.sources = {source};
    out.fields = std::move(fields);
    out.inputs = {0};
    return out;
  }

  Result<General> lut8() {
    General out = pointwise("vg_lookup", "lookup", format("%lld, $0", big(in(0).shape.count())));
    const TensorView table = in(1);
    out.constants = {{DataType::kU8, {table.as<uint8_t>(), table.as<uint8_t>() + table.bytes()}}};
    out.elementwise = true;
    return out;
  }

  // The bounds of a type of 8 or 16 bits.
  static std::pair<int, int> bounds(DataType t) {
    switch (t) {
      case DataType::kI8: return {-128, 127};
      case DataType::kU8: return {0, 255};
      case DataType::kI16: return {-32768, 32767};
      default: return {0, 65535};
    }
  }

  Result<General> quantize() {
    if (out().quant.count != 1) return unsupported("a scale for each channel");
    const auto [low, high] = bounds(out().dtype);
    return pointwise("vg_quantize", "quantize",
                     format("%lld, %zu, %d, %d, %d, %d, ", big(in(0).shape.count()), dtype_bits(out().dtype) / 8, out().quant.zero_point[0], low, high,
                            static_cast<RequantMode>(attrs<exec::QuantizeAttrs>().mode) == RequantMode::kOnnx) +
                         real(out().quant.scale[0]));
  }

  Result<General> dequantize() {
    if (in(0).quant.count != 1) return unsupported("a scale for each channel");
    const DataType t = in(0).dtype;
    if (t != DataType::kI8 && t != DataType::kU8 && t != DataType::kI16) return unsupported("tensor of type " + Text(dtype_name(t)));
    return pointwise("vg_dequantize", "dequantize", format("%lld, %d, %d, ", big(in(0).shape.count()), t == DataType::kI8 ? 0 : t == DataType::kU8 ? 1 : 2, in(0).quant.zero_point[0]) + real(in(0).quant.scale[0]));
  }

  Result<General> unary_f32() {
    const auto& a = attrs<exec::UnaryF32Attrs>();
    constexpr UnaryF32 kFunctions[] = {UnaryF32::kNeg,   UnaryF32::kAbs,       UnaryF32::kSquare, UnaryF32::kReciprocal, UnaryF32::kExp,  UnaryF32::kTanh,     UnaryF32::kRelu,  UnaryF32::kClamp,
                                       UnaryF32::kLeakyRelu, UnaryF32::kAffine, UnaryF32::kElu,    UnaryF32::kSigmoid,    UnaryF32::kHsigmoid, UnaryF32::kHswish, UnaryF32::kSilu,
                                       UnaryF32::kLog,   UnaryF32::kSqrt,      UnaryF32::kRsqrt};
    const auto* found = std::find(std::begin(kFunctions), std::end(kFunctions), static_cast<UnaryF32>(a.function));
    if (found == std::end(kFunctions)) return unsupported("this function of floats");
    General out = pointwise("vg_unary_f32", "unary_f32", format("%lld, %d, ", big(in(0).shape.count()), static_cast<int>(found - kFunctions)) + real(a.a) + ", " + real(a.b));
    out.sources = {"exp_f32", "log_f32", "unary_f32"};
    out.elementwise = true;
    return out;
  }

  // Counts of the output's dimensions, and the operands' steps in elements: 0 where one stands still.
  Text broadcast(size_t operands = 2) const {
    const Shape& z = out().shape;
    std::vector<std::vector<int64_t>> lists(1 + operands);
    for (int d = 0; d < z.rank; ++d) lists[0].push_back(z[d]);
    for (size_t k = 0; k < operands; ++k) {
      const Shape& x = in(k).shape;
      lists[1 + k].assign(static_cast<size_t>(z.rank), 0);
      int64_t step = 1;
      for (int d = x.rank; d-- > 0; step *= x[d])
        if (x[d] != 1) lists[1 + k][static_cast<size_t>(z.rank - x.rank + d)] = step;
    }
    std::vector<Text> words;
    for (auto& list : lists) {
      if (list.empty()) list.push_back(1);
      words.push_back(numbers(list));
    }
    return std::to_string(lists[0].size()) + ", " + join(words, ", ");
  }

  // The number that kernels/any_type.c has for a type.
  Result<int> type_number(DataType t) const {
    constexpr DataType kTypes[] = {DataType::kI8, DataType::kU8, DataType::kI16, DataType::kI32, DataType::kI64, DataType::kBool, DataType::kF32};
    const auto* found = std::find(std::begin(kTypes), std::end(kTypes), t);
    if (found == std::end(kTypes)) return unsupported("tensor of type " + Text(dtype_name(t)));
    return static_cast<int>(found - kTypes);
  }

  int64_t element_size(size_t i) const { return static_cast<int64_t>(dtype_bits(in(i).dtype) / 8); }

  Result<General> gather() {
    const int axis = attrs<exec::GatherAttrs>().axis;
    VERGE_TRY(const int type, type_number(in(1).dtype));
    const Shape& x = in(0).shape;
    General made = pointwise("vg_gather_axis", "gather", format("%lld, %d, %lld, %lld, %d", big(x.count(0, axis)), x[axis], big(in(1).shape.count()),
                                                                big(x.count(axis + 1, x.rank) * element_size(0)), type));
    made.sources = {"any_type", "gather"};
    made.inputs = {0, 1};
    return made;
  }

  Result<General> cast() {
    VERGE_TRY(const int from, type_number(in(0).dtype));
    VERGE_TRY(const int to, type_number(out().dtype));
    constexpr const char* kBounds[] = {"-128, 127", "0, 255", "-32768, 32767", "-2147483647 - 1, 2147483647", "-9223372036854775807LL - 1, 9223372036854775807LL", "0, 1", "0, 0"};
    General made = pointwise("vg_cast", "cast", format("%lld, %d, %d, %s", big(in(0).shape.count()), from, to, kBounds[to]));
    made.sources = {"any_type", "cast"};
    return made;
  }

  Result<General> compare() {
    VERGE_TRY(const int type, type_number(in(0).dtype));
    General made = pointwise("vg_compare", "compare", broadcast() + format(", %u, %d", attrs<exec::CompareAttrs>().comparison, type));
    made.sources = {"next_place", "any_type", "compare"};
    made.inputs = {0, 1};
    return made;
  }

  Result<General> select() {
    General made = pointwise("vg_select", "select", broadcast(3) + format(", %lld", big(element_size(1))));
    made.sources = {"next_place", "select"};
    made.inputs = {0, 1, 2};
    return made;
  }

  Result<General> arg_reduce() {
    const auto& a = attrs<exec::ArgReduceAttrs>();
    VERGE_TRY(const int type, type_number(in(0).dtype));
    const Shape& x = in(0).shape;
    General made = pointwise("vg_arg_reduce", "arg_reduce", format("%lld, %d, %lld, %d, %u, %u", big(x.count(0, a.axis)), x[a.axis], big(x.count(a.axis + 1, x.rank)), type, a.least, a.last));
    made.sources = {"any_type", "arg_reduce"};
    return made;
  }

  Result<General> matmul_f32() {
    const auto& a = attrs<exec::MatmulAttrs>();
    int64_t batches = 1;
    for (int d = 0; d < a.batch_rank; ++d) batches *= a.batch[d];
    const auto matrices = [&](const int32_t* step) {
      std::vector<int32_t> places;
      for (int64_t b = 0; b < batches; ++b) {
        int64_t rest = b, matrix = 0;
        for (int d = a.batch_rank; d-- > 0; rest /= a.batch[d]) matrix += rest % a.batch[d] * step[d];
        places.push_back(static_cast<int32_t>(matrix));
      }
      return constant_of(DataType::kI32, places);
    };
    General made = pointwise("vg_matmul_f32", "matmul_f32", format("%d, %d, %d, %lld, %d, $0, $1", a.m, a.n, a.k, big(batches), a.trans_b));
    made.constants = {matrices(a.a_step), matrices(a.b_step)};
    made.inputs = {0, 1};
    made.macs = batches * a.m * a.n * a.k;
    return made;
  }

  Result<General> binary_f32() {
    const auto& a = attrs<exec::BinaryF32Attrs>();
    if (a.function > static_cast<uint32_t>(BinaryF32::kSquaredDifference)) return unsupported("this function of two tensors of floats");
    General out = pointwise("vg_binary_f32", "binary_f32", broadcast() + format(", %u, ", a.function) + real(a.clamp_min) + ", " + real(a.clamp_max));
    out.sources = {"next_place", "binary_f32"};
    out.inputs = {0, 1};
    return out;
  }

  Result<General> binary_integers() {
    const auto& a = attrs<exec::BinaryI8Attrs>();
    if (static_cast<RequantMode>(a.mode) != RequantMode::kTflm) return unsupported("requantises in float (mode onnx)");
    const DataType t = out().dtype;
    General made = pointwise("vg_binary", "binary", broadcast() + format(", %u, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d", a.function, t == DataType::kI8 ? 0 : t == DataType::kU8 ? 1 : 2,
                                                                          in(0).quant.zero_point[0], in(1).quant.zero_point[0], out().quant.zero_point[0], a.x_multiplier, a.x_shift,
                                                                          a.y_multiplier, a.y_shift, a.z_multiplier, a.z_shift, a.min, a.max));
    made.sources = {"scale", "next_place", "binary"};
    made.inputs = {0, 1};
    return made;
  }

  Result<General> pool_f32() {
    const auto& a = attrs<exec::PoolF32Attrs>();
    if (static_cast<PoolCount>(a.pool.count) != PoolCount::kInside) return unsupported("a pool that counts padding");
    General made = pointwise("vg_pool_f32", "pool_f32", window_fields(exec::make_geometry(a.pool.window, 1, in(0).shape, out().shape)) +
                                                            format(", %d, ", static_cast<PoolKind>(a.pool.kind) == PoolKind::kAverage) + real(a.clamp_min) + ", " + real(a.clamp_max));
    made.sources = {"area", "pool_f32"};
    return made;
  }

  Result<General> resize() {
    const auto& a = attrs<exec::ResizeAttrs>();
    if (!a.nearest) return resize_weighted();
    const Shape &x = in(0).shape, &y = out().shape;
    const int after = a.axis + (a.pair ? 2 : 1);
    General made = pointwise("vg_nearest", "nearest", format("%lld, %d, %d, %d, %d, %lld, $0, $1", big(x.count(0, a.axis)), x[a.axis], a.pair ? x[a.axis + 1] : 1, y[a.axis], a.pair ? y[a.axis + 1] : 1,
                                                             big(x.count(after, x.rank) * static_cast<int64_t>(dtype_bits(in(0).dtype) / 8))));
    made.constants = {constant_of(DataType::kI32, values<int32_t>(1)), constant_of(DataType::kI32, values<int32_t>(2))};
    return made;
  }

  Result<General> resize_weighted() {
    const auto& a = attrs<exec::ResizeAttrs>();
    const Shape &x = in(0).shape, &y = out().shape;
    VERGE_TRY(const int type, type_number(in(0).dtype));
    General made = pointwise("vg_resize", "resize_weighted",
                             format("%lld, %d, %d, %d, %d, %lld, %d, %d, %d, $0, $1, $2, $3", big(x.count(0, a.axis)), x[a.axis], a.pair ? x[a.axis + 1] : 1, y[a.axis],
                                    a.pair ? y[a.axis + 1] : 1, big(x.count(a.axis + (a.pair ? 2 : 1), x.rank)), a.y_taps, a.x_taps, type));
    made.sources = {"any_type", "resize_weighted"};
    for (size_t table : {1u, 3u, 2u, 4u}) made.constants.push_back({in(table).dtype, {in(table).as<uint8_t>(), in(table).as<uint8_t>() + in(table).bytes()}});
    made.macs = y.count() * a.y_taps * a.x_taps;
    return made;
  }

  const rt::Model& model_;
  size_t index_;
  const rt::InstructionRecord& record_;
};

}  // namespace

Result<General> general_layer(const rt::Model& model, size_t index) { return Maker(model, index).make(); }

General general_product(const AnyProduct& p) {
  General out;
  out.name = "vg_product";
  out.sources = {"scale", "area", "product"};
  out.fields = window_fields(p.window) + format(", %d, %d, %d, %d, %d, $0, $1, $2, $3, %s", p.in_zero, p.out_zero, p.low, p.high, p.in_unsigned, p.weight_zero.empty() ? "0" : "$4");
  out.constants = {constant_of(DataType::kI8, p.weights), constant_of(DataType::kI32, p.bias), constant_of(DataType::kI32, p.multiplier), constant_of(DataType::kI32, p.shift)};
  if (!p.weight_zero.empty()) out.constants.push_back(constant_of(DataType::kI32, p.weight_zero));
  out.inputs = {0};
  out.macs = macs_of(p.window);
  return out;
}

}  // namespace verge::codegen
