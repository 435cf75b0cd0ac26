// TRANSPOSE_CONV as a convolution and depth_to_space. With stride s, output position q + pad = u * s + r gets the products of x[u - t] and the kernel's taps
// r + t * s: for each of the s phases r a convolution over u of its own, and all phases together one convolution with s times the channels an axis.
#include <algorithm>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

// One spatial axis.
struct Axis {
  int64_t in, out, kernel, stride, pad;
  int64_t taps() const { return (kernel + stride - 1) / stride; }
  int64_t positions() const { return (out + pad + stride - 1) / stride; }  // of u
};

// w [out, kh, kw, in] as [phases * out, taps, taps, in]; a tap beyond the kernel is zero. Quantisation along the outputs is repeated for each phase.
Tensor phased(const Tensor& w, const Axis& y, const Axis& x) {
  const int64_t channels = w.shape()[0], depth = w.shape()[3];
  Shape shape{static_cast<int32_t>(y.stride * x.stride * channels), static_cast<int32_t>(y.taps()), static_cast<int32_t>(x.taps()), static_cast<int32_t>(depth)};
  Tensor out(w.dtype(), shape);
  const QuantParams& q = w.quant();
  const size_t width = dtype_bytes(w.dtype(), 1);
  for (int64_t phase = 0, row = 0; phase < y.stride * x.stride; ++phase)
    for (int64_t o = 0; o < channels; ++o, ++row)
      for (int64_t ty = 0; ty < y.taps(); ++ty)
        for (int64_t tx = 0; tx < x.taps(); ++tx) {
          const int64_t ky = phase / x.stride + (y.taps() - 1 - ty) * y.stride, kx = phase % x.stride + (x.taps() - 1 - tx) * x.stride;
          uint8_t* to = out.data() + static_cast<size_t>(((row * y.taps() + ty) * x.taps() + tx) * depth) * width;
          if (ky < y.kernel && kx < x.kernel) {
            std::memcpy(to, w.bytes().data() + static_cast<size_t>(((o * y.kernel + ky) * x.kernel + kx) * depth) * width, static_cast<size_t>(depth) * width);
          } else if (!q.zero_point.empty()) {
            std::memset(to, q.zero_point[q.per_channel() ? static_cast<size_t>(o) : 0], static_cast<size_t>(depth) * width);
          }
        }
  QuantParams repeated = q;
  for (int64_t phase = 1; q.per_channel() && phase < y.stride * x.stride; ++phase) {
    repeated.scale.insert(repeated.scale.end(), q.scale.begin(), q.scale.end());
    repeated.zero_point.insert(repeated.zero_point.end(), q.zero_point.begin(), q.zero_point.end());
  }
  out.set_quant(std::move(repeated));
  return out;
}

Tensor repeated_bias(const Tensor& bias, int64_t times) {
  Bytes bytes;
  for (int64_t i = 0; i < times; ++i) bytes.insert(bytes.end(), bias.bytes().begin(), bias.bytes().end());
  return Tensor(bias.dtype(), {static_cast<int32_t>(bias.count() * times)}, std::move(bytes));
}

Result<Axis> axis_of(int64_t in, int64_t out, int64_t kernel, int64_t stride, schema::Padding padding) {
  constexpr int64_t kMost = 1 << 16;
  if (kernel < 1 || stride < 1 || kernel > kMost || stride > kMost || in < 1 || out < 1 || out > kMost) return corrupt("kernel " + std::to_string(kernel) + ", stride " + std::to_string(stride));
  const int64_t total = std::max<int64_t>(0, ((out + stride - 1) / stride - 1) * stride + kernel - out);
  return Axis{in, out, kernel, stride, padding == schema::Padding::SAME ? total / 2 : 0};
}

}  // namespace

// inputs: shape of the output, weights [out, kh, kw, in], x, bias.
Result<void> transpose_conv(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::TransposeConvOptions>());
  VERGE_TRY(const ValueId weights, op.weights(1, 2));
  VERGE_TRY(const Ints out, op.ints(0, "the output shape"));
  VERGE_TRY(const Ints in, op.sizes(2, "a transposed convolution"));
  const Tensor* w = op.constant(weights);
  if (!w) return op.refuse("its weights are computed while the model runs");
  if (out.size() != 4 || in.size() != 4 || w->shape().rank != 4 || w->shape()[3] != in[3]) return corrupt("output shape " + bracketed(out) + ", input " + bracketed(in) + ", weights " + op.type(weights).text());
  if (w->quant().per_channel() && w->quant().axis != 0) return op.refuse("its weights are quantised along another axis than their outputs");
  VERGE_TRY(const Axis y, axis_of(in[1], out[1], w->shape()[1], o->stride_h(), o->padding()));
  VERGE_TRY(const Axis x, axis_of(in[2], out[2], w->shape()[2], o->stride_w(), o->padding()));
  const int64_t phases = y.stride * x.stride, zeros = y.taps() * y.stride * x.taps() * x.stride;
  VERGE_CHECK(op.charge(static_cast<size_t>(zeros * w->shape()[0] * w->shape()[3]) * dtype_bytes(w->dtype(), 1)));
  std::vector<ValueId> inputs{op.in(2)};
  VERGE_TRY(inputs.emplace_back(), op.add_constant(phased(*w, y, x)));
  if (op.has(3)) {
    const Tensor* bias = op.constant(3);
    if (!bias) return op.refuse("its bias is computed while the model runs");
    VERGE_TRY(inputs.emplace_back(), op.add_constant(repeated_bias(*bias, phases)));
  }
  const Ints ends{std::max<int64_t>(y.positions() - y.in, 0), std::max<int64_t>(x.positions() - x.in, 0)};
  Attrs attrs{{"layout", "nhwc"}, {"strides", Ints{1, 1}}, {"dilations", Ints{1, 1}}, {"groups", int64_t{1}}, {"pads", Ints{y.taps() - 1, x.taps() - 1, ends[0], ends[1]}}};
  VERGE_TRY(ValueId made, op.add_activated(op.output_type(), "conv", std::move(inputs), std::move(attrs), o->fused_activation_function()));
  if (phases > 1 && y.stride == x.stride) {
    VERGE_TRY(made, op.add("depth_to_space", {made}, {{"layout", "nhwc"}, {"block", y.stride}, {"mode", "dcr"}}));
  } else if (phases > 1) {
    const std::vector<Dim> dims = op.type(made).dims;
    VERGE_TRY(const Attrs parts, op.shape_attr({dims[0], dims[1], dims[2], y.stride, x.stride, w->shape()[0]}));
    VERGE_TRY(made, op.add("reshape", {made}, parts));
    VERGE_TRY(made, op.add("transpose", {made}, {{"perm", Ints{0, 1, 3, 2, 4, 5}}}));
    VERGE_TRY(const Attrs image, op.shape_attr({dims[0], dims[1].size * y.stride, dims[2].size * x.stride, w->shape()[0]}));
    VERGE_TRY(made, op.add("reshape", {made}, image));
  }
  return op.result("slice", {made}, {{"starts", Ints{y.pad, x.pad}}, {"ends", Ints{y.pad + y.out, x.pad + x.out}}, {"axes", Ints{1, 2}}, {"steps", Ints{1, 1}}});
}

}  // namespace verge::formats::tflite::builtins
