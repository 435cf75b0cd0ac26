#include "train/networks.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "ops/op.h"
#include "train/random.h"

namespace verge::train {
namespace {

using Ints = std::vector<int64_t>;

// Adds layers one after the other; each is named and drawn from its own random numbers.
class Builder {
 public:
  Builder(const std::string& name, const Ints& input, uint64_t seed) : seed_(seed) {
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
  };

  Builder& conv(const std::string& name, const Conv& c) {
    const int64_t in = channels(), group_in = c.depthwise ? 1 : in, out = c.depthwise ? in : c.out;
    std::vector<ValueId> inputs = {x_, weights(name + ".weight", {out, c.kernel[0], c.kernel[1], group_in})};
    if (c.bias) inputs.push_back(constant(name + ".bias", out, 0));
    return node("conv", name, inputs,
                {{"layout", std::string("nhwc")}, {"strides", Ints{c.stride, c.stride}}, {"auto_pad", std::string(c.valid ? "valid" : "same_upper")}, {"groups", c.depthwise ? in : 1}});
  }
  // Weights that are given and not learned.
  Builder& fixed_conv(const std::string& name, const Ints& sizes, int64_t stride, const std::vector<float>& values) {
    const Shape shape = TensorType(DataType::kF32, std::vector<Dim>(sizes.begin(), sizes.end())).shape();
    return node("conv", name, {x_, graph_.add_constant(Tensor::of(shape, values), "fixed." + name)},
                {{"layout", std::string("nhwc")}, {"strides", Ints{stride, stride}}, {"auto_pad", std::string("same_upper")}, {"groups", int64_t{1}}});
  }
  Builder& square(const std::string& name) { return node("square", name, {x_}); }
  Builder& log(const std::string& name) { return node("log", name, {x_}); }
  Builder& add_number(const std::string& name, float value) { return node("add", name, {x_, graph_.add_constant(Tensor::scalar(value), "fixed." + name)}); }
  Builder& reshape(const std::string& name, const Ints& shape) { return node("reshape", name, {x_}, {{"shape", shape}}); }
  Builder& batch_norm(const std::string& name) {
    const int64_t n = channels();
    return node("batch_norm", name, {x_, constant(name + ".scale", n, 1), constant(name + ".bias", n, 0), constant(name + ".mean", n, 0), constant(name + ".variance", n, 1)},
                {{"axis", int64_t{-1}}, {"epsilon", 1e-3}});
  }
  Builder& relu(const std::string& name) { return node("relu", name, {x_}); }
  Builder& relu6(const std::string& name) { return node("clamp", name, {x_}, {{"min", 0.0}, {"max", 6.0}}); }
  Builder& unit(const std::string& name, const Conv& c) { return conv(name + ".conv", c).batch_norm(name + ".norm").relu(name + ".relu"); }
  Builder& dense(const std::string& name, int64_t out) {
    const int64_t in = channels();
    return node("dense", name, {x_, weights(name + ".weight", {out, in}), constant(name + ".bias", out, 0)});
  }
  Builder& max_pool(const std::string& name) {
    return node("max_pool", name, {x_}, {{"layout", std::string("nhwc")}, {"kernel", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  }
  Builder& global_mean(const std::string& name) { return node("reduce_mean", name, {x_}, {{"axes", Ints{1, 2}}, {"keepdims", int64_t{0}}}); }
  Builder& flatten(const std::string& name) { return node("reshape", name, {x_}, {{"shape", Ints{0, -1}}}); }
  Builder& add(const std::string& name, ValueId other) { return node("add", name, {x_, other}); }

  ValueId value() const { return x_; }
  Builder& go_on_from(ValueId value) {
    x_ = value;
    return *this;
  }
  int64_t channels() const { return graph_.type(x_).dims.back().size; }

  Result<Graph> finish(const std::string& output) {
    graph_.add_output(x_, output);
    VERGE_CHECK(error_, "architecture " + graph_.name);
    return std::move(graph_);
  }

 private:
  Builder& node(const std::string& op, const std::string& name, std::vector<ValueId> inputs, Attrs attrs = {}) {
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

void residual_stack(Builder& b, const std::string& name, int64_t out, int64_t stride, int64_t kernel = 3) {
  const ValueId from = b.value();
  const bool same = stride == 1 && b.channels() == out;
  b.unit(name + ".1", {.out = out, .kernel = {kernel, kernel}, .stride = stride}).conv(name + ".2.conv", {.out = out, .kernel = {kernel, kernel}}).batch_norm(name + ".2.norm");
  const ValueId deep = b.value();
  b.go_on_from(from);
  if (!same) b.conv(name + ".shortcut", {.out = out, .kernel = {1, 1}, .stride = stride, .bias = true});
  b.add(name + ".add", deep).relu(name + ".relu");
}

int64_t channels(const NetworkOptions& o, int64_t n) { return std::max<int64_t>(4, std::llround(o.width * static_cast<double>(n) / 4) * 4); }

Result<Graph> resnet8(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = channels(o, 16)});
  residual_stack(b, "stack1", channels(o, 16), 1);
  residual_stack(b, "stack2", channels(o, 32), 2);
  residual_stack(b, "stack3", channels(o, 64), 2);
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

// Cepstral coefficients of a sound as layers: frames times windowed waves, energies, mel bands, logarithm, cosine transform (Davis and Mermelstein 1980).
constexpr int64_t kFrame = 256, kHop = 128, kBins = kFrame / 2, kBands = 40, kCoefficients = 20;
constexpr double kPi = 3.14159265358979324, kSampleRate = 8000, kLowest = 60;

double mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }

std::vector<float> waves() {
  std::vector<float> w;
  for (int64_t i = 0; i < 2 * kBins; ++i)
    for (int64_t t = 0; t < kFrame; ++t) {
      const double window = 0.5 - 0.5 * std::cos(2 * kPi * static_cast<double>(t) / kFrame), phase = 2 * kPi * static_cast<double>((i / 2 + 1) * t) / kFrame;
      w.push_back(static_cast<float>(window * (i % 2 ? std::sin(phase) : std::cos(phase))));
    }
  return w;
}

// Triangles of equal width on the mel scale, over the energies of sine and cosine alike.
std::vector<float> bands() {
  std::vector<float> w;
  const double low = mel(kLowest), width = (mel(kSampleRate / 2) - low) / (kBands + 1);
  for (int64_t band = 0; band < kBands; ++band)
    for (int64_t i = 0; i < 2 * kBins; ++i) {
      const double at = (mel(static_cast<double>(i / 2 + 1) * kSampleRate / kFrame) - low) / width - static_cast<double>(band);
      w.push_back(static_cast<float>(std::max(0.0, 1 - std::fabs(at - 1))));
    }
  return w;
}

std::vector<float> cosines() {
  std::vector<float> w;
  for (int64_t k = 0; k < kCoefficients; ++k)
    for (int64_t band = 0; band < kBands; ++band)
      w.push_back(static_cast<float>(std::sqrt(2.0 / kBands) * std::cos(kPi / kBands * (static_cast<double>(band) + 0.5) * static_cast<double>(k))));
  return w;
}

void cepstrum(Builder& b) {
  const int64_t frames = (b.channels() + kHop - 1) / kHop;
  b.reshape("frames", {0, -1, 1, 1}).fixed_conv("waves", {2 * kBins, kFrame, 1, 1}, kHop, waves()).square("energy");
  b.fixed_conv("bands", {kBands, 1, 1, 2 * kBins}, 1, bands()).add_number("floor", 1e-6f).log("log").fixed_conv("cosines", {kCoefficients, 1, 1, kBands}, 1, cosines());
  b.batch_norm("cepstrum.norm").reshape("picture", {0, frames, kCoefficients, 1});
}

void separable(Builder& b, const std::string& name, int64_t out, int64_t stride, int64_t kernel = 3) {
  b.unit(name + ".depthwise", {.kernel = {kernel, kernel}, .stride = stride, .depthwise = true}).unit(name + ".pointwise", {.out = out, .kernel = {1, 1}});
}

void inverted(Builder& b, const std::string& name, int64_t out, int64_t stride, int64_t kernel) {
  constexpr int64_t kWider = 4;
  const ValueId from = b.value();
  const int64_t in = b.channels();
  b.unit(name + ".wide", {.out = kWider * in, .kernel = {1, 1}}).unit(name + ".depthwise", {.kernel = {kernel, kernel}, .stride = stride, .depthwise = true});
  b.conv(name + ".narrow.conv", {.out = out, .kernel = {1, 1}}).batch_norm(name + ".narrow.norm");
  if (stride == 1 && in == out) b.add(name + ".add", from);
}

Result<Graph> staged(Builder& b, const NetworkOptions& o) {
  if (o.stages.empty()) return invalid("architecture staged has no \"stages\"");
  int place = 0;
  for (const Stage& s : o.stages) {
    const std::string name = "stage" + std::to_string(++place);
    const int64_t out = channels(o, s.channels);
    switch (s.kind) {
      case StageKind::kConv: b.unit(name, {.out = out, .kernel = {s.kernel, s.kernel}, .stride = s.stride}); break;
      case StageKind::kResidual: residual_stack(b, name, out, s.stride, s.kernel); break;
      case StageKind::kSeparable: separable(b, name, out, s.stride, s.kernel); break;
      case StageKind::kInverted: inverted(b, name, out, s.stride, s.kernel);
    }
  }
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

Result<Graph> ds_cnn(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = channels(o, 64), .kernel = {10, 4}, .stride = 2});
  for (int i = 1; i <= 4; ++i) separable(b, "block" + std::to_string(i), channels(o, 64), 1);
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

Result<Graph> ds_cnn_sound(Builder& b, const NetworkOptions& o) {
  cepstrum(b);
  return ds_cnn(b, o);
}

Result<Graph> mobilenet_v1_025(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = 8, .stride = 2});
  constexpr int64_t kOut[] = {16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256};
  constexpr int64_t kStride[] = {1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1};
  for (size_t i = 0; i < std::size(kOut); ++i) separable(b, "block" + std::to_string(i + 1), kOut[i], kStride[i]);
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

Result<Graph> autoencoder(Builder& b, const NetworkOptions&) {
  const int64_t features = b.channels();
  int i = 0;
  for (int64_t width : {128, 128, 128, 128, 8, 128, 128, 128, 128}) {
    const std::string name = "layer" + std::to_string(++i);
    b.dense(name + ".dense", width).batch_norm(name + ".norm").relu(name + ".relu");
  }
  return b.dense("head", features).finish("output");
}

Result<Graph> mnist_cnn(Builder& b, const NetworkOptions& o) {
  b.conv("conv1", {.out = 32, .kernel = {5, 5}, .bias = true}).relu("relu1").max_pool("pool1");
  b.conv("conv2", {.out = 64, .kernel = {5, 5}, .bias = true}).relu("relu2").max_pool("pool2");
  return b.flatten("flat").dense("dense1", 512).relu("relu3").dense("head", o.classes).finish("logits");
}

Result<Graph> lenet5(Builder& b, const NetworkOptions& o) {
  b.conv("conv1", {.out = 6, .kernel = {5, 5}, .bias = true}).relu("relu1").max_pool("pool1");
  b.conv("conv2", {.out = 16, .kernel = {5, 5}, .bias = true}).relu("relu2").max_pool("pool2");
  return b.flatten("flat").dense("dense1", 120).relu("relu3").dense("dense2", 84).relu("relu4").dense("head", o.classes).finish("logits");
}

Result<Graph> lenet5_caffe(Builder& b, const NetworkOptions& o) {
  b.conv("conv1", {.out = 20, .kernel = {5, 5}, .bias = true, .valid = true}).max_pool("pool1");
  b.conv("conv2", {.out = 50, .kernel = {5, 5}, .bias = true, .valid = true}).max_pool("pool2");
  return b.flatten("flat").dense("dense1", 500).relu("relu1").dense("head", o.classes).finish("logits");
}

Result<Graph> lenet_300_100(Builder& b, const NetworkOptions& o) {
  return b.flatten("flat").dense("dense1", 300).relu("relu1").dense("dense2", 100).relu("relu2").dense("head", o.classes).finish("logits");
}

// Convolution, batch normalisation, perhaps the input added, activation.
void inspection_unit(Builder& b, const std::string& name, const Builder::Conv& conv, bool residual, bool six) {
  const ValueId from = b.value();
  b.conv(name + ".conv", conv).batch_norm(name + ".norm");
  if (residual) b.add(name + ".add", from);
  if (six) b.relu6(name + ".relu6");
  else b.relu(name + ".relu");
}

Result<Graph> inspection(Builder& b, const NetworkOptions& o) {
  const int64_t narrow = channels(o, 32), wide = channels(o, 64);
  const Builder::Conv depthwise{.depthwise = true}, pointwise{.out = wide, .kernel = {1, 1}};
  inspection_unit(b, "unit1", {.out = narrow, .stride = 2}, false, false);
  inspection_unit(b, "unit2", {.out = narrow}, false, false);
  inspection_unit(b, "unit3", {.out = narrow}, true, false);
  inspection_unit(b, "unit4", {.out = wide, .stride = 2}, false, false);
  inspection_unit(b, "unit5", depthwise, false, true);
  inspection_unit(b, "unit6", pointwise, true, false);
  inspection_unit(b, "unit7", {.out = wide, .stride = 2}, false, false);
  inspection_unit(b, "unit8", depthwise, false, true);
  inspection_unit(b, "unit9", pointwise, true, false);
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

Result<Graph> heart_beats(Builder& b, const NetworkOptions& o) {
  b.unit("unit1", {.out = 24, .kernel = {7, 1}, .stride = 2}).unit("unit2", {.out = 32, .kernel = {5, 1}, .stride = 2});
  b.unit("unit3", {.out = 48, .kernel = {5, 1}, .stride = 2}).unit("unit4", {.out = 64, .kernel = {3, 1}, .stride = 2});
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

struct Architecture {
  const char* name;
  Ints input;
  Result<Graph> (*make)(Builder& builder, const NetworkOptions& options);
  bool widens = false;
};

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> kAll = {
      {"lenet_300_100", {28, 28, 1}, lenet_300_100}, {"lenet5", {28, 28, 1}, lenet5}, {"lenet5_caffe", {28, 28, 1}, lenet5_caffe}, {"mnist_cnn", {28, 28, 1}, mnist_cnn},
      {"resnet8", {32, 32, 3}, resnet8, true}, {"ds_cnn", {49, 10, 1}, ds_cnn, true}, {"ds_cnn_sound", {8000}, ds_cnn_sound, true}, {"mobilenet_v1_025", {96, 96, 3}, mobilenet_v1_025},
      {"autoencoder", {640}, autoencoder}, {"inspection", {64, 64, 3}, inspection, true}, {"heart_beats", {144, 1, 5}, heart_beats}, {"staged", {32, 32, 3}, staged, true}};
  return kAll;
}

}  // namespace

std::vector<std::string> network_names() {
  std::vector<std::string> names;
  for (const Architecture& a : architectures()) names.emplace_back(a.name);
  return names;
}

Result<Graph> make_network(const std::string& name, const NetworkOptions& options) {
  for (const Architecture& a : architectures()) {
    if (name != a.name) continue;
    const Ints input = options.input.empty() ? a.input : options.input;
    if (input.size() != a.input.size()) return invalid("architecture " + name + " takes an input of " + std::to_string(a.input.size()) + " sizes, " + bracketed(input) + " was given");
    if (options.width != 1 && !a.widens) return invalid("architecture " + name + " has one width");
    Builder builder(name, input, options.seed);
    return a.make(builder, options);
  }
  return invalid("no architecture '" + name + "'; known: " + join(network_names(), ", ") + "; or give a model file (.onnx, .tflite)");
}

}  // namespace verge::train
