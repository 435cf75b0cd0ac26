// Operators that move elements without changing them, and those that compute shapes.
#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

Result<void> reshape_to(Op& op, const std::vector<Dim>& dims) {
  VERGE_TRY(Attrs attrs, op.shape_attr(dims));
  return op.result("reshape", {op.in(0)}, std::move(attrs));
}

Result<TensorType> ranked(Op& op, size_t i) {
  if (!op.type(i).ranked) return op.refuse("the rank of its input " + std::to_string(i) + " is not known");
  return op.type(i);
}

// The new shape: a constant, else in the options; files with a computed shape keep what it came to in the output's type.
Result<Ints> new_shape(Op& op) {
  if (op.has(1) && op.constant(1)) return op.ints(1, "the new shape");
  VERGE_TRY(const auto* o, op.options<schema::ReshapeOptions>());
  if (o->new_shape()) return list_of(o->new_shape());
  if (op.has(1)) return op.ints(1, "the new shape");
  return corrupt("it has no new shape");
}

// Dimensions of x with 1 put in at `axis`.
Result<std::vector<Dim>> with_unit(Op& op, ValueId x, int64_t axis) {
  std::vector<Dim> dims = op.type(x).dims;
  VERGE_TRY(axis, op.axis(axis, static_cast<int64_t>(dims.size()) + 1));
  dims.insert(dims.begin() + axis, Dim(1));
  return dims;
}

// What LiteRT's concatenation makes of each uint8: in float, halves away from zero (reference_ops::ConcatenationWithScaling).
Tensor rescaling_table(const QuantParams& x, const QuantParams& y) {
  const float scale = x.scale[0] * (1.0f / y.scale[0]), bias = static_cast<float>(-x.zero_point[0]) * scale;
  Tensor table(DataType::kU8, {256});
  for (int q = 0; q < 256; ++q) {
    const float value = std::round(static_cast<float>(q) * scale + bias) + static_cast<float>(y.zero_point[0]);
    table.mut<uint8_t>()[static_cast<size_t>(q)] = static_cast<uint8_t>(value > 0 ? std::min(value, 255.0f) : 0.0f);  // 0 for what is no number
  }
  return table;
}

// Inputs of a concatenation in the output's quantisation.
Result<std::vector<ValueId>> in_one_scale(Op& op, std::vector<ValueId> inputs) {
  const TensorType out = op.output_type();
  const auto is_byte = [](const TensorType& t) { return t.dtype == DataType::kU8 && t.quant.scale.size() == 1; };
  for (ValueId& x : inputs) {
    const TensorType& type = op.type(x);
    if (!out.quantized() || !type.quantized() || type.quant == out.quant) continue;
    const bool by_table = is_byte(type) && is_byte(out);
    VERGE_TRY(x, by_table ? op.add_as(out, "table", {x}, {{"values", rescaling_table(type.quant, out.quant)}}) : op.add_as(out, "requantize", {x}));
  }
  return inputs;
}

Result<void> split_along(Op& op, size_t x, int64_t axis, Ints sizes) {
  VERGE_TRY(const TensorType type, ranked(op, x));
  VERGE_TRY(axis, op.axis(axis, type.rank()));
  std::vector<TensorType> like;
  for (size_t i = 0; i < op.outputs(); ++i) like.push_back(op.output_type(i));
  VERGE_TRY(const std::vector<ValueId> parts, op.add_many(std::move(like), "split", {op.in(x)}, {{"axis", axis}, {"sizes", std::move(sizes)}}));
  for (size_t i = 0; i < parts.size(); ++i) VERGE_CHECK(op.set(i, parts[i]));
  return done();
}

// Size of dimension `axis`, which an operator cuts in parts.
Result<int64_t> cut_size(Op& op, size_t x, int64_t given) {
  VERGE_TRY(const TensorType type, ranked(op, x));
  VERGE_TRY(const int64_t axis, op.axis(given, type.rank()));
  const Dim& dim = type.dims[static_cast<size_t>(axis)];
  if (!dim.known()) return op.refuse("the size of the axis that it cuts is not known", "give the open dimensions a size");
  return dim.size;
}

// [rank][2] of begin and end as begins, then ends.
Result<Ints> pads_of(Op& op) {
  VERGE_TRY(const Ints pairs, op.ints(1, "the padding"));
  VERGE_TRY(const TensorType x, ranked(op, 0));
  if (pairs.size() != 2 * x.dims.size()) return corrupt("padding " + bracketed(pairs) + " for " + x.text());
  if (std::any_of(pairs.begin(), pairs.end(), [](int64_t n) { return n < 0; })) return corrupt("padding " + bracketed(pairs));
  Ints pads;
  for (size_t i = 0; i < pairs.size(); i += 2) pads.push_back(pairs[i]);
  for (size_t i = 1; i < pairs.size(); i += 2) pads.push_back(pairs[i]);
  return pads;
}

// `numbers` as a constant of the output's integer type.
Result<void> set_numbers(Op& op, const Ints& numbers, const Shape& shape) {
  const Tensor wide = Tensor::of<int64_t>(shape, numbers);
  const DataType wanted = op.output_type().dtype;
  if (!is_integer(wanted)) return corrupt("its output is " + op.output_type().text() + ", wants integers");
  VERGE_TRY(const ValueId value, op.add_constant(cast_tensor(wide, wanted)));
  return op.set(0, value);
}

}  // namespace

Result<void> reshape(Op& op) {
  VERGE_TRY(const Ints shape, new_shape(op));
  std::vector<Dim> dims;
  if (shape != Ints{0})  // old files write a scalar so
    for (int64_t n : shape) {
      if (n < -1) return corrupt("new shape " + bracketed(shape));
      dims.push_back(n < 0 ? Dim() : Dim(n));
    }
  if (op.is_complex()) dims.insert(dims.begin(), Dim(2));
  return reshape_to(op, dims);
}

Result<void> squeeze(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::SqueezeOptions>());
  VERGE_TRY(const TensorType x, ranked(op, 0));
  std::vector<bool> gone(x.dims.size(), false);
  for (int64_t given : list_of(o->squeeze_dims())) {
    VERGE_TRY(const int64_t axis, op.axis(given, x.rank()));
    gone[static_cast<size_t>(axis)] = true;
  }
  std::vector<Dim> dims;
  for (size_t i = 0; i < x.dims.size(); ++i)
    if (size_of(o->squeeze_dims()) ? !gone[i] : x.dims[i].size != 1) dims.push_back(x.dims[i]);
  return reshape_to(op, dims);
}

Result<void> expand_dims(Op& op) {
  VERGE_TRY(const int64_t axis, op.integer(1, "the axis"));
  VERGE_CHECK(ranked(op, 0));
  VERGE_TRY(const std::vector<Dim> dims, with_unit(op, op.in(0), axis));
  return reshape_to(op, dims);
}

Result<void> transpose(Op& op) {
  VERGE_TRY(Ints perm, op.ints(1, "the permutation"));
  for (int64_t& axis : perm) {
    VERGE_TRY(axis, op.axis(axis, static_cast<int64_t>(perm.size()), "an axis of the permutation"));
  }
  return op.result(op.core(), {op.in(0)}, {{"perm", std::move(perm)}});
}

Result<void> concatenation(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::ConcatenationOptions>());
  VERGE_TRY(const TensorType x, ranked(op, 0));
  VERGE_TRY(const int64_t axis, op.axis(o->axis(), x.rank()));
  if (o->fused_activation_function() != schema::ActivationFunctionType::NONE) return op.refuse("an activation is fused with a concatenation");
  VERGE_TRY(std::vector<ValueId> inputs, op.all_inputs());
  VERGE_TRY(inputs, in_one_scale(op, std::move(inputs)));
  return op.result(op.core(), std::move(inputs), {{"axis", axis}});
}

Result<void> pack(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::PackOptions>());
  VERGE_TRY(const TensorType x, ranked(op, 0));
  VERGE_TRY(const int64_t axis, op.axis(o->axis(), x.rank() + 1));
  VERGE_TRY(std::vector<ValueId> parts, op.all_inputs());
  for (ValueId& part : parts) {
    VERGE_TRY(const std::vector<Dim> dims, with_unit(op, part, axis));
    VERGE_TRY(Attrs attrs, op.shape_attr(dims));
    VERGE_TRY(part, op.add("reshape", {part}, std::move(attrs)));
  }
  VERGE_TRY(parts, in_one_scale(op, std::move(parts)));
  return op.result(op.core(), std::move(parts), {{"axis", axis}});
}

Result<void> unpack(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::UnpackOptions>());
  VERGE_TRY(const int64_t size, cut_size(op, 0, o->axis()));
  VERGE_TRY(const int64_t axis, op.axis(o->axis(), op.type(size_t{0}).rank()));
  if (size != static_cast<int64_t>(op.outputs()))
    return corrupt("has " + std::to_string(op.outputs()) + " outputs for an axis of size " + std::to_string(size));
  std::vector<Dim> dims = op.type(size_t{0}).dims;
  dims.erase(dims.begin() + axis);
  VERGE_TRY(const Attrs attrs, op.shape_attr(dims));
  const std::vector<TensorType> like(op.outputs(), op.type(size_t{0}));
  VERGE_TRY(const std::vector<ValueId> parts, op.add_many(like, op.core(), {op.in(0)}, {{"axis", axis}, {"sizes", Ints(op.outputs(), 1)}}));
  for (size_t i = 0; i < parts.size(); ++i) VERGE_CHECK(op.result("reshape", {parts[i]}, attrs, i));
  return done();
}

Result<void> split(Op& op) {
  VERGE_TRY(const int64_t axis, op.integer(0, "the axis"));
  VERGE_TRY(const int64_t size, cut_size(op, 1, axis));
  const auto parts = static_cast<int64_t>(op.outputs());
  if (size % parts != 0) return corrupt(std::to_string(parts) + " equal parts of an axis of size " + std::to_string(size));
  return split_along(op, 1, axis, Ints(op.outputs(), size / parts));
}

Result<void> split_v(Op& op) {
  VERGE_TRY(Ints sizes, op.ints(1, "the sizes"));
  VERGE_TRY(const int64_t axis, op.integer(2, "the axis"));
  VERGE_TRY(int64_t rest, cut_size(op, 0, axis));
  if (sizes.size() != op.outputs() || std::count(sizes.begin(), sizes.end(), -1) > 1)
    return corrupt("sizes " + bracketed(sizes) + " for " + std::to_string(op.outputs()) + " outputs");
  for (int64_t n : sizes) rest -= std::max<int64_t>(n, 0);
  for (int64_t& n : sizes)
    if (n == -1) n = std::exchange(rest, 0);
  if (rest != 0 || std::any_of(sizes.begin(), sizes.end(), [](int64_t n) { return n < 0; }))
    return corrupt("sizes " + bracketed(sizes) + " do not fill the axis");
  return split_along(op, 0, axis, std::move(sizes));
}

Result<void> tile(Op& op) {
  VERGE_TRY(Ints repeats, op.ints(1, "the multiples"));
  if (std::any_of(repeats.begin(), repeats.end(), [](int64_t n) { return n < 0; })) return corrupt("multiples " + bracketed(repeats));
  return op.result(op.core(), {op.in(0)}, {{"repeats", std::move(repeats)}});
}

Result<void> broadcast_to(Op& op) {
  VERGE_TRY(Ints shape, op.ints(1, "the shape"));
  return op.result(op.core(), {op.in(0)}, {{"shape", std::move(shape)}});
}

// Quantised numbers are padded with what stands for zero, or with the third input.
Result<void> pad(Op& op) {
  VERGE_TRY(Ints pads, pads_of(op));
  double value = 0;
  if (op.has(2)) {
    const Tensor* constant = op.constant(2);
    if (!constant) return op.refuse("the padding value is computed while the model runs");
    if (constant->count() != 1) return corrupt("the padding value is " + op.type(2).text());
    value = dequantized(*constant).at(0);
  }
  return op.result(op.core(), {op.in(0)}, {{"mode", "constant"}, {"pads", std::move(pads)}, {"value", value}});
}

// SYMMETRIC repeats the edge: with one element at most that is the mode `edge`.
Result<void> mirror_pad(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::MirrorPadOptions>());
  VERGE_TRY(Ints pads, pads_of(op));
  const bool reflect = o->mode() == schema::MirrorPadMode::REFLECT;
  if (!reflect && std::any_of(pads.begin(), pads.end(), [](int64_t n) { return n > 1; }))
    return op.refuse("symmetric padding by more than one element has no translation", "use reflecting padding");
  return op.result(op.core(), {op.in(0)}, {{"mode", reflect ? "reflect" : "edge"}, {"pads", std::move(pads)}});
}

Result<void> shape(Op& op) {
  VERGE_TRY(const Ints sizes, op.sizes(0, "its shape as numbers"));
  return set_numbers(op, sizes, {static_cast<int32_t>(sizes.size())});
}

Result<void> rank(Op& op) {
  VERGE_TRY(const TensorType x, ranked(op, 0));
  return set_numbers(op, {x.rank()}, {});
}

Result<void> fill(Op& op) {
  VERGE_TRY(Ints dims, op.ints(0, "the shape"));
  return op.result(op.core(), {op.in(1)}, {{"shape", std::move(dims)}});
}

Result<void> zeros_like(Op& op) {
  VERGE_CHECK(op.sizes(0, "zeros of the same shape"));
  const TensorType x = op.type(size_t{0});
  if (dtype_bits(x.dtype) == 0) return op.refuse("zeros of type " + x.text());
  if (x.quantized()) return op.refuse("zeros of quantised numbers have no translation");
  VERGE_CHECK(op.charge(dtype_bytes(x.dtype, static_cast<size_t>(x.shape().count()))));
  VERGE_TRY(const ValueId zeros, op.add_constant(Tensor(x.dtype, x.shape())));
  return op.set(0, zeros);
}

Result<void> range(Op& op) {
  double number[3];
  for (size_t i = 0; i < 3; ++i) {
    if (!op.constant(i)) return op.refuse("start, limit or step are computed while the model runs");
    if (op.constant(i)->count() != 1 || dtype_bits(op.type(i).dtype) == 0)
      return corrupt("input " + std::to_string(i) + " is " + op.type(i).text() + ", wants one number");
    number[i] = op.constant(i)->at(0);
  }
  const double count = std::max(0.0, std::ceil((number[1] - number[0]) / number[2]));
  if (!(count <= static_cast<double>(kMaxElements))) return corrupt("a range of " + std::to_string(count) + " numbers");
  const auto n = static_cast<size_t>(count);
  VERGE_CHECK(op.charge(n * sizeof(double)));
  std::vector<double> numbers(n);
  for (size_t i = 0; i < n; ++i) numbers[i] = number[0] + static_cast<double>(i) * number[2];
  const Tensor wide = Tensor::of<double>({static_cast<int32_t>(n)}, numbers);
  VERGE_TRY(const ValueId value, op.add_constant(cast_tensor(wide, op.output_type().dtype)));
  return op.set(0, value);
}

}  // namespace verge::formats::tflite::builtins
