// Adds layers one after the other; each is named and drawn from its own random numbers. Channels last.
#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "ops/op.h"
#include "train/random.h"

namespace verge::train {

using Ints = std::vector<int64_t>;

class NetworkBuilder {
 public:
  NetworkBuilder(const std::string& name, const Ints& input, uint64_t seed) : seed_(seed) {
    graph_.name = name;
    std::vector<Dim> dims = {Dim::named("N")};
    dims.insert(dims.end(), input.begin(), input.end());
    x_ = graph_.add_input("input", TensorType(DataType::kF32, dims));
  }

  struct Conv {
    int64_t out = 1;
    Ints kernel = {3, 3};
    int64_t stride = 1;
    bool depthwise = false;
    bool bias = false;
    bool valid = false;  // no padding
    int64_t past = 0;    // taps so far apart along the first dimension, and padding ahead of it alone; 0: as the others say
  };

  NetworkBuilder& conv(const std::string& name, const Conv& c) {
    const int64_t in = channels(), group_in = c.depthwise ? 1 : in, out = c.depthwise ? in : c.out;
    std::vector<ValueId> inputs = {x_, weights(name + ".weight", {out, c.kernel[0], c.kernel[1], group_in})};
    if (c.bias) inputs.push_back(constant(name + ".bias", out, 0));
    Attrs attrs = {{"layout", std::string("nhwc")}, {"strides", Ints{c.stride, c.stride}}, {"groups", c.depthwise ? in : 1}};
    if (c.past > 0) attrs["dilations"] = Ints{c.past, 1}, attrs["pads"] = Ints{(c.kernel[0] - 1) * c.past, 0, 0, 0};
    else attrs["auto_pad"] = std::string(c.valid ? "valid" : "same_upper");
    return node("conv", name, inputs, std::move(attrs));
  }
  // Weights that are given and not learned.
  NetworkBuilder& fixed_conv(const std::string& name, const Ints& sizes, int64_t stride, const std::vector<float>& values) {
    const Shape shape = TensorType(DataType::kF32, std::vector<Dim>(sizes.begin(), sizes.end())).shape();
    return node("conv", name, {x_, graph_.add_constant(Tensor::of(shape, values), "fixed." + name)},
                {{"layout", std::string("nhwc")}, {"strides", Ints{stride, stride}}, {"auto_pad", std::string("same_upper")}, {"groups", int64_t{1}}});
  }
  NetworkBuilder& square(const std::string& name) { return node("square", name, {x_}); }
  NetworkBuilder& log(const std::string& name) { return node("log", name, {x_}); }
  NetworkBuilder& add_number(const std::string& name, float value) { return node("add", name, {x_, graph_.add_constant(Tensor::scalar(value), "fixed." + name)}); }
  NetworkBuilder& reshape(const std::string& name, const Ints& shape) { return node("reshape", name, {x_}, {{"shape", shape}}); }
  NetworkBuilder& batch_norm(const std::string& name) {
    const int64_t n = channels();
    return node("batch_norm", name, {x_, constant(name + ".scale", n, 1), constant(name + ".bias", n, 0), constant(name + ".mean", n, 0), constant(name + ".variance", n, 1)},
                {{"axis", int64_t{-1}}, {"epsilon", 1e-3}});
  }
  NetworkBuilder& relu(const std::string& name) { return node("relu", name, {x_}); }
  NetworkBuilder& relu6(const std::string& name) { return node("clamp", name, {x_}, {{"min", 0.0}, {"max", 6.0}}); }
  NetworkBuilder& unit(const std::string& name, const Conv& c) { return conv(name + ".conv", c).batch_norm(name + ".norm").relu(name + ".relu"); }
  NetworkBuilder& dense(const std::string& name, int64_t out) {
    const int64_t in = channels();
    return node("dense", name, {x_, weights(name + ".weight", {out, in}), constant(name + ".bias", out, 0)});
  }
  NetworkBuilder& max_pool(const std::string& name) {
    return node("max_pool", name, {x_}, {{"layout", std::string("nhwc")}, {"kernel", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  }
  NetworkBuilder& global_mean(const std::string& name) { return node("reduce_mean", name, {x_}, {{"axes", Ints{1, 2}}, {"keepdims", int64_t{0}}}); }
  NetworkBuilder& flatten(const std::string& name) { return node("reshape", name, {x_}, {{"shape", Ints{0, -1}}}); }
  NetworkBuilder& add(const std::string& name, ValueId other) { return node("add", name, {x_, other}); }
  NetworkBuilder& mul(const std::string& name, ValueId other) { return node("mul", name, {x_, other}); }
  NetworkBuilder& scale(const std::string& name, double by) { return mul(name, graph_.add_constant(Tensor::scalar(static_cast<float>(by)), "fixed." + name)); }
  NetworkBuilder& mean(const std::string& name, const Ints& axes) { return node("reduce_mean", name, {x_}, {{"axes", axes}, {"keepdims", int64_t{1}}}); }
  NetworkBuilder& concat(const std::string& name, const std::vector<ValueId>& parts) { return node("concat", name, parts, {{"axis", int64_t{-1}}}); }
  NetworkBuilder& transpose(const std::string& name, const Ints& perm) { return node("transpose", name, {x_}, {{"perm", perm}}); }
  NetworkBuilder& matmul(const std::string& name, ValueId other, bool transposed) { return node("matmul", name, {x_, other}, {{"trans_b", int64_t{transposed}}}); }
  NetworkBuilder& apply(const std::string& op, const std::string& name, Attrs attrs = {}) { return node(op, name, {x_}, std::move(attrs)); }
  // x + learned numbers of these sizes.
  NetworkBuilder& add_learned(const std::string& name, const Ints& sizes) { return add(name, weights(name + ".weight", sizes)); }
  // (x - mean) / deviation over the last dimension, times a scale, plus a bias.
  NetworkBuilder& layer_norm(const std::string& name) {
    const int64_t n = channels();
    const ValueId from = x_, mean_of = mean(name + ".mean", {-1}).value();
    const ValueId centred = go_on_from(from).node("sub", name + ".centred", {from, mean_of}).value();
    square(name + ".square").mean(name + ".variance", {-1}).add_number(name + ".epsilon", 1e-5f).apply("rsqrt", name + ".deviation").mul(name + ".normal", centred);
    return mul(name + ".scaled", constant(name + ".scale", n, 1)).add(name + ".moved", constant(name + ".bias", n, 0));
  }

  ValueId value() const { return x_; }
  NetworkBuilder& go_on_from(ValueId value) {
    x_ = value;
    return *this;
  }
  int64_t channels() const { return graph_.type(x_).dims.back().size; }
  // k x k, or k x 1 along a map that is one wide.
  Ints window(int64_t k) const { return {k, graph_.type(x_).dims[2].size == 1 ? 1 : k}; }

  Result<Graph> finish(const std::string& output) {
    graph_.add_output(x_, output);
    VERGE_CHECK(error_, "architecture " + graph_.name);
    return std::move(graph_);
  }

 private:
  NetworkBuilder& node(const std::string& op, const std::string& name, std::vector<ValueId> inputs, Attrs attrs = {}) {
    if (!error_.ok()) return *this;
    const NodeId id = graph_.add_node({op, std::move(inputs), std::move(attrs), name, 1, {}});
    error_ = ops::infer_node(graph_, graph_.node(id));
    x_ = graph_.node(id).output();
    return *this;
  }
  ValueId constant(const std::string& name, int64_t n, float value) {
    return graph_.add_constant(Tensor::of({static_cast<int32_t>(n)}, std::vector<float>(static_cast<size_t>(n), value)), name);
  }
  // [outputs, inputs of one...]
  ValueId weights(const std::string& name, const Ints& sizes) {
    Random random({seed_, drawn_++});
    const Shape shape = TensorType(DataType::kF32, std::vector<Dim>(sizes.begin(), sizes.end())).shape();
    Tensor w(DataType::kF32, shape);
    const double deviation = std::sqrt(2.0 * static_cast<double>(shape[0]) / static_cast<double>(shape.count()));
    for (float& v : w.mut<float>()) v = static_cast<float>(deviation * random.normal());
    return graph_.add_constant(std::move(w), name);
  }

  Graph graph_;
  ValueId x_;
  uint64_t seed_, drawn_ = 0;
  Result<void> error_;
};

}  // namespace verge::train
