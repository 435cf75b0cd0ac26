// Convolutions, pools and the other operators over [batch, height, width, channels].
#include <algorithm>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

// Height and width of a window, as options give them.
struct Window {
  schema::Padding padding;
  Ints kernel, strides, dilations;
};

// Begin and end of one padded axis when SAME asks for ceil(in / stride) outputs: the odd pixel goes to the end.
std::pair<int64_t, int64_t> same_pads(int64_t in, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t out = (in + stride - 1) / stride;
  const int64_t total = std::max<int64_t>(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - in);
  return {total / 2, total - total / 2};
}

Result<void> check_window(const Window& window) {
  for (const Ints* list : {&window.kernel, &window.strides, &window.dilations})
    for (int64_t n : *list)
      if (n < 1 || n > (1 << 20))
        return corrupt("kernel " + bracketed(window.kernel) + ", strides " + bracketed(window.strides) + ", dilations " + bracketed(window.dilations));
  if (window.padding != schema::Padding::SAME && window.padding != schema::Padding::VALID)
    return corrupt("padding number " + std::to_string(static_cast<int>(window.padding)));
  return done();
}

// layout, strides, dilations and pads; with an input of unknown size SAME stays a name.
Result<Attrs> window_attrs(const Window& window, const TensorType& x) {
  VERGE_CHECK(check_window(window));
  if (x.ranked && x.rank() != 4) return corrupt("input 0 is " + x.text() + ", wants rank 4");
  Attrs attrs{{"layout", "nhwc"}, {"strides", window.strides}, {"dilations", window.dilations}};
  if (window.padding == schema::Padding::VALID) {
    attrs["pads"] = Ints{0, 0, 0, 0};
  } else if (x.ranked && x.dims[1].known() && x.dims[2].known()) {
    const auto [top, bottom] = same_pads(x.dims[1].size, window.kernel[0], window.strides[0], window.dilations[0]);
    const auto [left, right] = same_pads(x.dims[2].size, window.kernel[1], window.strides[1], window.dilations[1]);
    attrs["pads"] = Ints{top, left, bottom, right};
  } else {
    attrs["auto_pad"] = "same_upper";
  }
  return attrs;
}

Result<void> check_filter(const TensorType& w) {
  if (!w.is_static() || w.rank() != 4) return corrupt("weights are " + w.text() + ", want rank 4");
  return done();
}

Ints kernel_of(const TensorType& w) { return {w.dims[1].size, w.dims[2].size}; }

// Bias as the core convolution wants it: i32 without parameters of its own means scale input x weights.
Result<ValueId> bias_of(Op& op, size_t i, ValueId w) {
  const Tensor* bias = op.constant(i);
  const QuantParams x = op.type(size_t{0}).quant, weights = op.type(w).quant;
  if (!bias || !bias->quant().empty() || is_float(bias->dtype()) || x.empty() || weights.empty()) return op.in(i);
  Tensor out = *bias;
  QuantParams quant;
  for (float scale : weights.scale) quant.scale.push_back(scale * x.scale[0]);
  quant.zero_point.assign(quant.scale.size(), 0);
  if (quant.per_channel()) quant.axis = 0;
  out.set_quant(std::move(quant));
  return op.add_constant(std::move(out));
}

template <typename O> Window window_of(const O& o, const TensorType& w) {
  return {o.padding(), kernel_of(w), {o.stride_h(), o.stride_w()}, {o.dilation_h_factor(), o.dilation_w_factor()}};
}

// A convolution in the form that `core` names.
struct Form {
  const char* core;
  Attrs attrs;
};

Result<void> convolve(Op& op, const Form& form, const Window& window, ValueId w, int64_t groups, schema::ActivationFunctionType activation) {
  VERGE_TRY(Attrs attrs, window_attrs(window, op.type(size_t{0})));
  attrs.insert(form.attrs.begin(), form.attrs.end());
  attrs["groups"] = groups;
  std::vector<ValueId> inputs{op.in(0), w};
  if (op.has(2)) {
    VERGE_TRY(inputs.emplace_back(), bias_of(op, 2, w));
  }
  return op.result_activated(form.core, std::move(inputs), std::move(attrs), activation);
}

Result<void> resize(Op& op, const char* mode, const char* coordinate, const char* nearest) {
  VERGE_TRY(const Ints size, op.ints(1, "the output size"));
  if (size.size() != 2 || size[0] < 1 || size[1] < 1) return corrupt("the output size is " + bracketed(size) + ", wants height and width");
  VERGE_TRY(const Ints x, op.sizes(0, "resizing"));
  if (x.size() != 4) return corrupt("input 0 is " + op.type(size_t{0}).text() + ", wants rank 4");
  Attrs attrs{{"sizes", Ints{x[0], size[0], size[1], x[3]}}, {"mode", mode}, {"coordinate", coordinate}};
  if (nearest) attrs["nearest_mode"] = nearest;
  return op.result(op.core(), {op.in(0)}, std::move(attrs));
}

Result<void> move_blocks(Op& op, int64_t block) {
  if (block < 1) return corrupt("block size " + std::to_string(block));
  return op.result(op.core(), {op.in(0)}, {{"layout", "nhwc"}, {"block", block}, {"mode", "dcr"}});
}

}  // namespace

Result<void> conv(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::Conv2DOptions>());
  const bool dynamic = op.is_dynamic(1, 0);
  VERGE_TRY(const ValueId w, dynamic ? Result<ValueId>(op.in(1)) : op.weights(1));
  VERGE_CHECK(check_filter(op.type(w)));
  const TensorType x = op.type(size_t{0});
  const int64_t depth = op.type(w).dims[3].size;
  const int64_t channels = x.rank() == 4 && x.dims[3].known() ? x.dims[3].size : depth;
  if (depth < 1 || channels % depth != 0) return corrupt("weights " + op.type(w).text() + " do not divide the channels of " + x.text());
  const Form form = dynamic ? Form{"dynamic_conv", {{"symmetric", int64_t{!op.type(w).quant.per_channel()}}}} : Form{op.core(), {}};
  return convolve(op, form, window_of(*o, op.type(w)), w, channels / depth, o->fused_activation_function());
}

// [1, kh, kw, channels * multiplier] becomes [channels * multiplier, kh, kw, 1]; output c * multiplier + m reads channel c, as the core's groups do.
Result<void> depthwise_conv(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::DepthwiseConv2DOptions>());
  const bool dynamic = op.is_dynamic(1, 3);
  VERGE_TRY(ValueId w, dynamic ? Result<ValueId>(op.in(1)) : op.weights(1));
  VERGE_CHECK(check_filter(op.type(w)));
  if (op.type(w).dims[0].size != 1) return corrupt("depthwise weights are " + op.type(w).text() + ", want 1 as their first dimension");
  const TensorType x = op.type(size_t{0});
  if (!x.ranked || x.rank() != 4 || !x.dims[3].known()) return op.refuse("the number of channels of its input is not known");
  const Window window = window_of(*o, op.type(w));
  const Tensor* constant = op.constant(w);
  if (!constant) return op.refuse("depthwise weights are computed while the model runs");
  VERGE_TRY(w, op.add_constant(permuted(*constant, {3, 1, 2, 0})));
  return convolve(op, {dynamic ? "dynamic_conv" : op.core(), {}}, window, w, x.dims[3].size, o->fused_activation_function());
}

Result<void> pool(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::Pool2DOptions>());
  const Window window{o->padding(), {o->filter_height(), o->filter_width()}, {o->stride_h(), o->stride_w()}, {1, 1}};
  VERGE_TRY(Attrs attrs, window_attrs(window, op.type(size_t{0})));
  attrs.erase("dilations");
  attrs["kernel"] = window.kernel;
  return op.result_activated(op.core(), {op.in(0)}, std::move(attrs), o->fused_activation_function());
}

Result<void> resize_bilinear(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::ResizeBilinearOptions>());
  if (o->align_corners() && o->half_pixel_centers()) return corrupt("both align_corners and half_pixel_centers are set");
  return resize(op, "linear", o->align_corners() ? "align_corners" : o->half_pixel_centers() ? "half_pixel" : "asymmetric", nullptr);
}

// TFLite takes floor(y * scale), floor((y + 0.5) * scale) with half_pixel_centers, round(y * scale) with align_corners.
Result<void> resize_nearest(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::ResizeNearestNeighborOptions>());
  if (o->align_corners() && o->half_pixel_centers()) return corrupt("both align_corners and half_pixel_centers are set");
  if (o->align_corners()) return resize(op, "nearest", "align_corners", "round_prefer_ceil");
  return resize(op, "nearest", o->half_pixel_centers() ? "tf_half_pixel_for_nn" : "asymmetric", "floor");
}

Result<void> depth_to_space(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::DepthToSpaceOptions>());
  return move_blocks(op, o->block_size());
}

Result<void> space_to_depth(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::SpaceToDepthOptions>());
  return move_blocks(op, o->block_size());
}

// TFLite multiplies the sum of 2 * radius + 1 squares by alpha; the core operator by alpha / size.
Result<void> local_response_norm(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::LocalResponseNormalizationOptions>());
  if (o->radius() < 0 || o->radius() > (1 << 20)) return corrupt("radius " + std::to_string(o->radius()));
  const int64_t size = 2 * int64_t{o->radius()} + 1;
  const double alpha = double{o->alpha()} * static_cast<double>(size);
  return op.result(op.core(), {op.in(0)}, {{"layout", "nhwc"}, {"size", size}, {"alpha", alpha}, {"beta", double{o->beta()}}, {"bias", double{o->bias()}}});
}

}  // namespace verge::formats::tflite::builtins
