// With stride s the outputs p, p + s, p + 2 s ... of a transposed convolution see every s-th tap of its kernel: each of these s x s phases is a convolution of
// stride 1 over the input. All of them together are one convolution with s * s times the channels, and depth_to_space puts them side by side.
//
//   y = conv_transpose x w b {strides=[s, s]}   ->   a = conv x w' b'
//                                                    d = depth_to_space a {block=s, mode="crd"}
//                                                    y = slice d
#include <algorithm>

#include "ops/conv_transpose/conv_transpose.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

using List = std::vector<int64_t>;

// One axis, with the input's size.
struct Axis : ops::TransposedAxis {
  int64_t in = 1;

  int64_t size() const { return out(in); }
  // Of the convolution that makes all phases: its taps, their distance, its padding in front, its outputs for each phase.
  int64_t taps() const { return stride == 1 ? kernel : (reach() + stride - 1) / stride; }
  int64_t tap_distance() const { return stride == 1 ? dilation : 1; }
  int64_t front() const { return (taps() - 1) * tap_distance(); }
  int64_t steps() const { return std::max(in, (begin + size() + stride - 1) / stride); }
  // The kernel's element that tap `t` of phase `p` is; -1: none.
  int64_t element(int64_t phase, int64_t t) const {
    if (stride == 1) return kernel - 1 - t;
    const int64_t place = phase + (taps() - 1 - t) * stride;
    return place % dilation == 0 && place / dilation < kernel ? place / dilation : -1;
  }
};

// [out, kh, kw, in] as [out * phases, taps, taps, in]. Where a phase has no element, the zero point stands.
Tensor phase_weights(const Tensor& w, const Axis& h, const Axis& v) {
  const Shape s = w.shape();
  const int64_t phases = h.stride * v.stride, zero = w.quant().zero_point.empty() ? 0 : w.quant().zero_point[0];
  const size_t width = dtype_bytes(w.dtype(), 1), row = static_cast<size_t>(s[3]) * width;
  Tensor out(w.dtype(), {static_cast<int32_t>(s[0] * phases), static_cast<int32_t>(h.taps()), static_cast<int32_t>(v.taps()), s[3]});
  uint8_t* to = out.data();
  for (int64_t r = 0; r < s[0] * phases; ++r)
    for (int64_t t = 0; t < h.taps(); ++t)
      for (int64_t u = 0; u < v.taps(); ++u, to += row) {
        const int64_t y = h.element(r / v.stride % h.stride, t), x = v.element(r % v.stride, u);
        if (y >= 0 && x >= 0) std::memcpy(to, w.bytes().data() + static_cast<size_t>((r / phases * s[1] + y) * s[2] + x) * row, row);
        for (size_t i = 0; (y < 0 || x < 0) && zero != 0 && i < row; i += width) std::memcpy(to + i, &zero, width);
      }
  return out;
}

// One entry a channel becomes one for each of its phases.
template <typename T> std::vector<T> repeated(const std::vector<T>& list, int64_t phases) {
  std::vector<T> out;
  for (const T& entry : list) out.insert(out.end(), static_cast<size_t>(phases), entry);
  return out;
}

QuantParams phase_params(const QuantParams& q, int64_t phases) { return q.per_channel() ? QuantParams{repeated(q.scale, phases), repeated(q.zero_point, phases), 0} : q; }

Tensor phase_bias(const Tensor& bias, int64_t phases) {
  Tensor out(bias.dtype(), {static_cast<int32_t>(bias.count() * phases)});
  const size_t width = dtype_bytes(bias.dtype(), 1);
  for (int64_t i = 0; i < out.count(); ++i) std::memcpy(out.data() + static_cast<size_t>(i) * width, bias.bytes().data() + static_cast<size_t>(i / phases) * width, width);
  return out;
}

class Rewriting {
 public:
  Rewriting(const Graph& g, const Node& n, const Axis& h, const Axis& v)
      : g_(g), n_(n), h_(h), v_(v), last_(n.text("layout", "nchw") == "nhwc"), channels_(g.type(n.input(1)).dims[0].size), phases_(h.stride * v.stride), patch_(g) {}

  std::optional<Patch> run() {
    const Tensor *w = g_.constant(n_.input(1)), *bias = g_.constant(n_.input(2));
    if (!w || (n_.input(2).valid() && !bias) || dtype_bits(w->dtype()) < 8) return std::nullopt;
    const ValueId weights = constant(phase_weights(*w, h_, v_), n_.input(1));
    std::vector<ValueId> in{n_.input(0), weights};
    if (bias) in.push_back(constant(phase_bias(*bias, phases_), n_.input(2)));
    value_ = add("conv", std::move(in), conv_attrs());
    interleave();
    crop();
    patch_.replace(n_.output(), value_);
    return std::move(patch_);
  }

 private:
  int axis(int spatial) const { return spatial + (last_ ? 1 : 2); }

  ValueId constant(Tensor tensor, ValueId like) {
    tensor.set_quant(phase_params(g_.type(like).quant, phases_));
    return patch_.constant(std::move(tensor), g_.value(like).name);
  }

  // All of them hold what the output holds, in other places.
  ValueId add(const char* op, std::vector<ValueId> in, Attrs attrs) {
    const ValueId made = patch_.add(op, std::move(in), std::move(attrs), n_.name);
    made_.push_back(made);
    return made;
  }

  Attrs conv_attrs() const {
    Attrs attrs = n_.attrs;
    attrs.erase("output_padding");
    attrs["strides"] = List{1, 1};
    attrs["dilations"] = List{h_.tap_distance(), v_.tap_distance()};
    attrs["pads"] = List{h_.front(), v_.front(), h_.steps() - h_.in, v_.steps() - v_.in};
    return attrs;
  }

  void interleave() {
    if (phases_ == 1) return;
    if (h_.stride == v_.stride) {
      value_ = add("depth_to_space", {value_}, {{"block", h_.stride}, {"mode", std::string("crd")}, {"layout", std::string(last_ ? "nhwc" : "nchw")}});
      return;
    }
    const List split = last_ ? List{0, h_.steps(), v_.steps(), channels_, h_.stride, v_.stride} : List{0, channels_, h_.stride, v_.stride, h_.steps(), v_.steps()};
    const int64_t high = h_.steps() * h_.stride, wide = v_.steps() * v_.stride;
    value_ = add("reshape", {value_}, {{"shape", split}});
    value_ = add("transpose", {value_}, {{"perm", List{0, 1, 4, 2, 5, 3}}});
    value_ = add("reshape", {value_}, {{"shape", last_ ? List{0, high, wide, channels_} : List{0, channels_, high, wide}}});
  }

  void crop() {
    List starts, ends, axes;
    for (int i = 0; i < 2; ++i) {
      const Axis& a = i ? v_ : h_;
      if (a.begin == 0 && a.size() == a.steps() * a.stride) continue;
      starts.push_back(a.begin);
      ends.push_back(a.begin + a.size());
      axes.push_back(axis(i));
    }
    if (!axes.empty()) value_ = add("slice", {value_}, {{"starts", starts}, {"ends", ends}, {"axes", axes}, {"steps", List(axes.size(), 1)}});
    for (const ValueId made : made_)
      if (!(made == value_)) patch_.set_type(made, stored_type());
  }

  // The output's element type and quantisation.
  TensorType stored_type() const {
    TensorType type;
    type.dtype = g_.type(n_.output()).dtype;
    type.quant = g_.type(n_.output()).quant;
    return type;
  }

  const Graph& g_;
  const Node& n_;
  Axis h_, v_;
  bool last_;
  int64_t channels_, phases_;
  Patch patch_;
  ValueId value_;
  std::vector<ValueId> made_;
};

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const TensorType &x = g.type(n.input(0)), &w = g.type(n.input(1));
  if (!w.is_static() || w.rank() != 4 || x.rank() != 4) return std::nullopt;
  const auto window = ops::transposed_axes(n, w);
  if (!window.ok()) return std::nullopt;
  const int first = n.text("layout", "nchw") == "nhwc" ? 1 : 2;
  const Dim &high = x.dims[static_cast<size_t>(first)], &wide = x.dims[static_cast<size_t>(first) + 1];
  if (!high.known() || !wide.known()) return std::nullopt;
  return Rewriting(g, n, {(*window)[0], high.size}, {(*window)[1], wide.size}).run();
}

}  // namespace

const Rule kConvTransposeToConv{"conv_transpose_to_conv", "conv_transpose", propose};

}  // namespace verge::passes
