#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/text.h"
#include "formats/keras/layer.h"
#include "ops/op.h"

namespace verge::formats::keras {

const Json& Layer::at(const char* key) const {
  static const Json kNone;
  const auto it = config_.is_object() ? config_.find(key) : config_.end();
  return config_.is_object() && it != config_.end() ? *it : kNone;
}
bool Layer::flag(const char* key, bool otherwise) const {
  const Json& v = at(key);
  return v.is_boolean() ? v.get<bool>() : v.is_number() ? v.get<double>() != 0 : otherwise;
}
double Layer::real(const char* key, double otherwise) const { return at(key).is_number() ? at(key).get<double>() : otherwise; }
int64_t Layer::integer(const char* key, int64_t otherwise) const { return at(key).is_number_integer() ? at(key).get<int64_t>() : otherwise; }
std::string Layer::text(const char* key, const std::string& otherwise) const { return at(key).is_string() ? at(key).get<std::string>() : otherwise; }

std::vector<int64_t> Layer::integers(const char* key, std::vector<int64_t> otherwise) const {
  const Json& v = at(key);
  if (v.is_number_integer()) return std::vector<int64_t>(std::max<size_t>(otherwise.size(), 1), v.get<int64_t>());
  if (!v.is_array() || !std::all_of(v.begin(), v.end(), [](const Json& n) { return n.is_number_integer(); })) return otherwise;
  return v.get<std::vector<int64_t>>();
}

Result<Tensor> Layer::weight(size_t i, int rank) const {
  if (i >= weights_.size()) return corrupt("it has " + std::to_string(weights_.size()) + " weights, wants more than " + std::to_string(i));
  if (weights_[i].shape().rank != rank || !is_float(weights_[i].dtype())) return corrupt("its weight " + std::to_string(i) + " has rank " + std::to_string(weights_[i].shape().rank) + ", wants " + std::to_string(rank));
  return cast_tensor(weights_[i], DataType::kF32);
}

ValueId Layer::add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs) {
  const NodeId id = graph_.add_node({op, std::move(inputs), std::move(attrs), name_ + (op == name_ ? "" : "/" + op), 1});
  return graph_.node(id).output();
}

Result<ValueId> Layer::activated(ValueId x, const Json& activation) {
  if (activation.is_null()) return x;
  std::string name = activation.is_string() ? activation.get<std::string>() : "";
  if (activation.is_object() && activation.contains("class_name") && activation["class_name"].is_string()) name = lower_case(activation["class_name"].get<std::string>());
  struct Row {
    const char *keras, *core;
    Attrs attrs;
  };
  static const std::vector<Row> kRows = {{"relu", "relu", {}},
                                         {"relu6", "clamp", {{"min", 0.0}, {"max", 6.0}}},
                                         {"sigmoid", "sigmoid", {}},
                                         {"tanh", "tanh", {}},
                                         {"softmax", "softmax", {{"axis", int64_t{-1}}}},
                                         {"log_softmax", "log_softmax", {{"axis", int64_t{-1}}}},
                                         {"softplus", "softplus", {}},
                                         {"softsign", "softsign", {}},
                                         {"elu", "elu", {{"alpha", 1.0}}},
                                         {"selu", "selu", {}},
                                         {"swish", "silu", {}},
                                         {"silu", "silu", {}},
                                         {"gelu", "gelu", {{"approximate", std::string("none")}}},
                                         {"mish", "mish", {}},
                                         {"exponential", "exp", {}},
                                         {"hard_silu", "hswish", {}},
                                         {"hard_swish", "hswish", {}}};
  if (name == "linear") return x;
  for (const Row& row : kRows)
    if (name == row.keras) return add(row.core, {x}, row.attrs);
  return unsupported("activation '" + name + "' has no translation");
}

namespace {

using Ints = std::vector<int64_t>;

// Dimension i of the result is dimension perm[i] of x.
Tensor permuted(const Tensor& x, const std::vector<int>& perm) {
  Shape shape;
  for (int axis : perm) shape[shape.rank++] = x.shape()[axis];
  Tensor y(DataType::kF32, shape);
  std::vector<int64_t> step(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) step[i] = x.shape().count(perm[i] + 1, x.shape().rank);
  for (int64_t i = 0; i < y.count(); ++i) {
    int64_t rest = i, from = 0;
    for (int d = shape.rank - 1; d >= 0; rest /= shape[d--]) from += rest % shape[d] * step[static_cast<size_t>(d)];
    y.mut<float>()[static_cast<size_t>(i)] = x.values<float>()[static_cast<size_t>(from)];
  }
  return y;
}

Result<void> need_channels_last(const Layer& l) {
  if (l.text("data_format", "channels_last") == "channels_last") return done();
  return unsupported("data_format channels_first; save the model with channels_last");
}

// strides, dilations and pads of a window.
Result<Attrs> window_of(const Layer& l, Ints strides) {
  VERGE_CHECK(need_channels_last(l));
  const std::string padding = lower_case(l.text("padding", "valid"));
  if (padding != "same" && padding != "valid") return unsupported("padding '" + padding + "'");
  if (strides.size() != 2) return corrupt("strides " + bracketed(strides));
  Attrs attrs{{"layout", "nhwc"}, {"strides", std::move(strides)}};
  if (padding == "same") attrs["auto_pad"] = "same_upper";
  else attrs["pads"] = Ints{0, 0, 0, 0};
  return attrs;
}

Result<ValueId> with_bias(Layer& l, const std::string& op, std::vector<ValueId> inputs, Attrs attrs, size_t bias) {
  if (l.flag("use_bias", true)) {
    VERGE_TRY(Tensor b, l.weight(bias, 1));
    inputs.push_back(l.constant(std::move(b)));
  }
  return l.activated(l.add(op, std::move(inputs), std::move(attrs)), l.at("activation"));
}

Result<Attrs> conv_attrs(const Layer& l, int64_t groups) {
  VERGE_TRY(Attrs attrs, window_of(l, l.integers("strides", {1, 1})));
  attrs["dilations"] = l.integers("dilation_rate", {1, 1});
  attrs["groups"] = groups;
  return attrs;
}

// [kh, kw, in, multiplier] to [in * multiplier, kh, kw, 1].
Tensor depthwise_weights(const Tensor& w) {
  Tensor out = permuted(w, {2, 3, 0, 1});
  return Tensor(DataType::kF32, {out.shape()[0] * out.shape()[1], out.shape()[2], out.shape()[3], 1}, Bytes(out.bytes().begin(), out.bytes().end()));
}

Result<ValueId> conv(Layer& l) {
  VERGE_TRY(const Tensor w, l.weight(0, 4));
  VERGE_TRY(Attrs attrs, conv_attrs(l, l.integer("groups", 1)));
  return with_bias(l, "conv", {l.in(), l.constant(permuted(w, {3, 0, 1, 2}))}, std::move(attrs), 1);
}

Result<ValueId> depthwise_conv(Layer& l) {
  VERGE_TRY(const Tensor w, l.weight(0, 4));
  VERGE_TRY(Attrs attrs, conv_attrs(l, w.shape()[2]));
  return with_bias(l, "conv", {l.in(), l.constant(depthwise_weights(w))}, std::move(attrs), 1);
}

Result<ValueId> separable_conv(Layer& l) {
  VERGE_TRY(const Tensor depth, l.weight(0, 4));
  VERGE_TRY(const Tensor point, l.weight(1, 4));
  VERGE_TRY(Attrs attrs, conv_attrs(l, depth.shape()[2]));
  const ValueId x = l.add("conv", {l.in(), l.constant(depthwise_weights(depth))}, std::move(attrs));
  const Attrs pointwise{{"layout", "nhwc"}, {"strides", Ints{1, 1}}, {"dilations", Ints{1, 1}}, {"pads", Ints{0, 0, 0, 0}}, {"groups", int64_t{1}}};
  return with_bias(l, "conv", {x, l.constant(permuted(point, {3, 0, 1, 2}))}, pointwise, 2);
}

Result<ValueId> dense(Layer& l) {
  VERGE_TRY(const Tensor w, l.weight(0, 2));
  return with_bias(l, "dense", {l.in(), l.constant(permuted(w, {1, 0}))}, {}, 1);
}

// The last axis of x; Keras counts from 0 or from the end.
Result<void> need_last_axis(const Layer& l, const char* what) {
  const Ints axis = l.integers("axis", {-1});
  const TensorType x = l.type(l.in());
  if (axis.size() == 1 && (axis[0] == -1 || (x.ranked && axis[0] == x.rank() - 1))) return done();
  return unsupported(std::string(what) + " along axis " + bracketed(axis) + " of " + x.text() + "; the last axis is supported");
}

// Stays a node of its own: passes fold it, training needs it.
Result<ValueId> batch_norm(Layer& l) {
  VERGE_CHECK(need_last_axis(l, "normalisation"));
  size_t next = 0;
  Tensor gamma, beta;
  if (l.flag("scale", true)) {
    VERGE_TRY(gamma, l.weight(next++, 1));
  }
  if (l.flag("center", true)) {
    VERGE_TRY(beta, l.weight(next++, 1));
  }
  VERGE_TRY(const Tensor mean, l.weight(next, 1));
  VERGE_TRY(const Tensor variance, l.weight(next + 1, 1));
  const auto n = static_cast<size_t>(mean.count());
  if (static_cast<size_t>(variance.count()) != n || (gamma.count() && gamma.dtype() != DataType::kNone && static_cast<size_t>(gamma.count()) != n)) return corrupt("its weights differ in length");
  if (beta.dtype() != DataType::kNone && static_cast<size_t>(beta.count()) != n) return corrupt("its weights differ in length");
  const auto given_or = [&](Tensor& tensor, float otherwise) {
    return l.constant(tensor.dtype() != DataType::kNone ? std::move(tensor) : Tensor::of(mean.shape(), std::vector<float>(n, otherwise)));
  };
  const ValueId scale = given_or(gamma, 1), shift = given_or(beta, 0);
  return l.add("batch_norm", {l.in(), scale, shift, l.constant(mean), l.constant(variance)}, {{"axis", int64_t{-1}}, {"epsilon", l.real("epsilon", 1e-3)}});
}

Result<ValueId> layer_norm(Layer& l) {
  VERGE_CHECK(need_last_axis(l, "normalisation"));
  if (!l.flag("scale", true) || !l.flag("center", true)) return unsupported("layer normalisation without scale or centre");
  VERGE_TRY(Tensor gamma, l.weight(0, 1));
  VERGE_TRY(Tensor beta, l.weight(1, 1));
  return l.add("layer_norm", {l.in(), l.constant(std::move(gamma)), l.constant(std::move(beta))}, {{"axis", int64_t{-1}}, {"epsilon", l.real("epsilon", 1e-3)}});
}

Result<ValueId> activation(Layer& l) { return l.activated(l.in(), l.at("activation")); }

Result<ValueId> relu(Layer& l) {
  if (l.real("negative_slope", 0) != 0 || l.real("threshold", 0) != 0) return unsupported("ReLU with a slope or a threshold");
  if (!l.at("max_value").is_number()) return l.add("relu", {l.in()});
  return l.add("clamp", {l.in()}, {{"min", 0.0}, {"max", l.real("max_value", 6)}});
}

Result<ValueId> leaky_relu(Layer& l) { return l.add("leaky_relu", {l.in()}, {{"alpha", l.real("alpha", l.real("negative_slope", 0.3))}}); }
Result<ValueId> elu(Layer& l) { return l.add("elu", {l.in()}, {{"alpha", l.real("alpha", 1)}}); }
Result<ValueId> softmax(Layer& l) {
  VERGE_CHECK(need_last_axis(l, "softmax"));
  return l.add("softmax", {l.in()}, {{"axis", int64_t{-1}}});
}

Result<ValueId> merged(Layer& l, const char* op) {
  if (l.inputs() < 2) return corrupt("it has " + std::to_string(l.inputs()) + " inputs, wants 2 or more");
  ValueId y = l.in(0);
  for (size_t i = 1; i < l.inputs(); ++i) y = l.add(op, {y, l.in(i)});
  return y;
}
Result<ValueId> add(Layer& l) { return merged(l, "add"); }
Result<ValueId> subtract(Layer& l) { return merged(l, "sub"); }
Result<ValueId> multiply(Layer& l) { return merged(l, "mul"); }
Result<ValueId> maximum(Layer& l) { return merged(l, "maximum"); }
Result<ValueId> minimum(Layer& l) { return merged(l, "minimum"); }

Result<ValueId> concatenate(Layer& l) {
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < l.inputs(); ++i) inputs.push_back(l.in(i));
  return l.add("concat", std::move(inputs), {{"axis", l.integer("axis", -1)}});
}

Result<ValueId> pool(Layer& l, const char* op) {
  const Ints kernel = l.integers("pool_size", {2, 2});
  VERGE_TRY(Attrs attrs, window_of(l, l.at("strides").is_null() ? kernel : l.integers("strides", kernel)));
  attrs["kernel"] = kernel;
  return l.add(op, {l.in()}, std::move(attrs));
}
Result<ValueId> max_pool(Layer& l) { return pool(l, "max_pool"); }
Result<ValueId> average_pool(Layer& l) { return pool(l, "avg_pool"); }

Result<ValueId> global(Layer& l, const char* op) {
  VERGE_CHECK(need_channels_last(l));
  return l.add(op, {l.in()}, {{"axes", Ints{1, 2}}, {"keepdims", int64_t{l.flag("keepdims", false)}}});
}
Result<ValueId> global_average(Layer& l) { return global(l, "reduce_mean"); }
Result<ValueId> global_max(Layer& l) { return global(l, "reduce_max"); }

Result<ValueId> flatten(Layer& l) {
  VERGE_CHECK(need_channels_last(l));
  return l.add("reshape", {l.in()}, {{"shape", Ints{0, -1}}});
}

Result<ValueId> reshape(Layer& l) {
  Ints shape = l.integers("target_shape", {});
  if (std::any_of(shape.begin(), shape.end(), [](int64_t n) { return n == 0 || n < -1; })) return corrupt("target_shape " + bracketed(shape));
  shape.insert(shape.begin(), 0);
  return l.add("reshape", {l.in()}, {{"shape", std::move(shape)}});
}

// Keras counts the axes behind the batch from 1.
Result<ValueId> permute(Layer& l) {
  Ints perm = l.integers("dims", {});
  perm.insert(perm.begin(), 0);
  return l.add("transpose", {l.in()}, {{"perm", std::move(perm)}});
}

Result<ValueId> zero_padding(Layer& l) {
  VERGE_CHECK(need_channels_last(l));
  const Json& padding = l.at("padding");
  Ints sides;
  if (padding.is_array())
    for (const Json& axis : padding)
      for (size_t i = 0; i < 2; ++i) sides.push_back(axis.is_number_integer() ? axis.get<int64_t>() : axis.is_array() && axis.size() == 2 && axis[i].is_number_integer() ? axis[i].get<int64_t>() : -1);
  if (sides.size() != 4 || std::any_of(sides.begin(), sides.end(), [](int64_t n) { return n < 0; })) return corrupt("its padding is " + padding.dump());
  return l.add("pad", {l.in()}, {{"mode", "constant"}, {"pads", Ints{0, sides[0], sides[2], 0, 0, sides[1], sides[3], 0}}, {"value", 0.0}});
}

Result<ValueId> up_sampling(Layer& l) {
  VERGE_CHECK(need_channels_last(l));
  const std::string mode = l.text("interpolation", "nearest");
  const Ints size = l.integers("size", {2, 2});
  const TensorType x = l.type(l.in());
  if ((mode != "nearest" && mode != "bilinear") || size.size() != 2) return unsupported("interpolation '" + mode + "'");
  if (!x.ranked || x.rank() != 4 || !x.dims[1].known() || !x.dims[2].known() || !x.dims[3].known()) return unsupported("an image of unknown size");
  Attrs attrs{{"scales", std::vector<double>{1, static_cast<double>(size[0]), static_cast<double>(size[1]), 1}}, {"mode", mode == "nearest" ? "nearest" : "linear"}, {"coordinate", "half_pixel"}};
  return l.add("resize", {l.in()}, std::move(attrs));
}

Result<ValueId> rescaling(Layer& l) {
  const ValueId scaled = l.add("mul", {l.in(), l.constant(Tensor::scalar<float>(static_cast<float>(l.real("scale", 1))))});
  return l.add("add", {scaled, l.constant(Tensor::scalar<float>(static_cast<float>(l.real("offset", 0))))});
}

// What acts while a model is trained, and not after.
Result<ValueId> nothing(Layer& l) { return l.in(); }

constexpr LayerRow kRows[] = {
#define VERGE_LAYER(name, translate) {#name, translate},
#include "formats/keras/layers.inc"
#undef VERGE_LAYER
};

}  // namespace

const LayerRow* find_layer(const std::string& name) {
  const auto* it = std::find_if(std::begin(kRows), std::end(kRows), [&](const LayerRow& row) { return name == row.name; });
  return it == std::end(kRows) ? nullptr : it;
}

}  // namespace verge::formats::keras
