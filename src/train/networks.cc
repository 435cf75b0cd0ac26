#include "train/networks.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "train/network_builder.h"

namespace verge::train {
namespace {

using Builder = NetworkBuilder;

void residual_stack(Builder& b, const std::string& name, int64_t out, int64_t stride, int64_t kernel = 3) {
  const Ints window = b.window(kernel);
  const ValueId from = b.value();
  const bool same = stride == 1 && b.channels() == out;
  b.unit(name + ".1", {.out = out, .kernel = window, .stride = stride}).conv(name + ".2.conv", {.out = out, .kernel = window}).batch_norm(name + ".2.norm");
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
  b.unit(name + ".depthwise", {.kernel = b.window(kernel), .stride = stride, .depthwise = true}).unit(name + ".pointwise", {.out = out, .kernel = {1, 1}});
}

void inverted(Builder& b, const std::string& name, int64_t out, int64_t stride, int64_t kernel, int64_t wider = 4) {
  const ValueId from = b.value();
  const int64_t in = b.channels();
  if (wider > 1) b.unit(name + ".wide", {.out = wider * in, .kernel = {1, 1}});
  b.unit(name + ".depthwise", {.kernel = b.window(kernel), .stride = stride, .depthwise = true});
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
      case StageKind::kConv: b.unit(name, {.out = out, .kernel = b.window(s.kernel), .stride = s.stride}); break;
      case StageKind::kResidual: residual_stack(b, name, out, s.stride, s.kernel); break;
      case StageKind::kSeparable: separable(b, name, out, s.stride, s.kernel); break;
      case StageKind::kInverted: inverted(b, name, out, s.stride, s.kernel, s.expand);
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

// Rows of a table of inverted bottlenecks; the first of a row has its stride.
struct Bottlenecks {
  int64_t wider, channels, count, stride, kernel = 3;
};

void bottlenecks(Builder& b, const NetworkOptions& o, const std::vector<Bottlenecks>& rows) {
  int place = 0;
  for (const Bottlenecks& r : rows)
    for (int64_t i = 0; i < r.count; ++i) inverted(b, "block" + std::to_string(++place), channels(o, r.channels), i == 0 ? r.stride : 1, r.kernel, r.wider);
}

Result<Graph> mobilenet_v2(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = channels(o, 32), .stride = 2});
  bottlenecks(b, o, {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}});
  return b.unit("last", {.out = channels(o, 1280), .kernel = {1, 1}}).global_mean("pool").dense("head", o.classes).finish("logits");
}

Result<Graph> efficientnet_lite0(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = channels(o, 32), .stride = 2});
  bottlenecks(b, o, {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 40, 2, 2, 5}, {6, 80, 3, 2}, {6, 112, 3, 1, 5}, {6, 192, 4, 2, 5}, {6, 320, 1, 1}});
  return b.unit("last", {.out = channels(o, 1280), .kernel = {1, 1}}).global_mean("pool").dense("head", o.classes).finish("logits");
}

// Channels weighed by what all of the picture says of them (Hu et al. 2018).
void squeeze_and_excite(Builder& b, const std::string& name, int64_t narrow) {
  const ValueId from = b.value();
  const int64_t n = b.channels();
  b.mean(name + ".mean", {1, 2}).conv(name + ".narrow", {.out = narrow, .kernel = {1, 1}, .bias = true}).relu(name + ".relu");
  b.conv(name + ".wide", {.out = n, .kernel = {1, 1}, .bias = true}).apply("hsigmoid", name + ".gate", {{"alpha", 1.0 / 6}, {"beta", 0.5}}).mul(name, from);
}

struct MobileNetV3Block {
  int64_t kernel, wide, out;
  bool excites, hswish;
  int64_t stride;
};

Result<Graph> mobilenet_v3_small(Builder& b, const NetworkOptions& o) {
  const auto unit = [&](const std::string& name, const Builder::Conv& conv, bool hswish) {
    b.conv(name + ".conv", conv).batch_norm(name + ".norm").apply(hswish ? "hswish" : "relu", name + ".activation");
  };
  unit("stem", {.out = channels(o, 16), .stride = 2}, true);
  int place = 0;
  for (const MobileNetV3Block& k : std::vector<MobileNetV3Block>{{3, 16, 16, true, false, 2}, {3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1}, {5, 96, 40, true, true, 2},
                                                                {5, 240, 40, true, true, 1}, {5, 240, 40, true, true, 1}, {5, 120, 48, true, true, 1}, {5, 144, 48, true, true, 1},
                                                                {5, 288, 96, true, true, 2}, {5, 576, 96, true, true, 1}, {5, 576, 96, true, true, 1}}) {
    const std::string name = "block" + std::to_string(++place);
    const ValueId from = b.value();
    const int64_t in = b.channels(), out = channels(o, k.out), wide = channels(o, k.wide);
    unit(name + ".wide", {.out = wide, .kernel = {1, 1}}, k.hswish);
    unit(name + ".depthwise", {.kernel = {k.kernel, k.kernel}, .stride = k.stride, .depthwise = true}, k.hswish);
    if (k.excites) squeeze_and_excite(b, name + ".excite", std::max<int64_t>(8, wide / 4));
    b.conv(name + ".narrow.conv", {.out = out, .kernel = {1, 1}}).batch_norm(name + ".narrow.norm");
    if (k.stride == 1 && in == out) b.add(name + ".add", from);
  }
  unit("last", {.out = channels(o, 576), .kernel = {1, 1}}, true);
  return b.global_mean("pool").dense("dense", channels(o, 1024)).apply("hswish", "dense.activation").dense("head", o.classes).finish("logits");
}

Result<Graph> resnet18(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = channels(o, 64)});
  int place = 0;
  for (const int64_t out : {64, 128, 256, 512})
    for (int i = 0; i < 2; ++i) residual_stack(b, "stack" + std::to_string(++place), channels(o, out), i == 0 && out > 64 ? 2 : 1);
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

void fire(Builder& b, const std::string& name, int64_t narrow, int64_t wide) {
  const ValueId from = b.unit(name + ".squeeze", {.out = narrow, .kernel = {1, 1}}).value();
  const ValueId points = b.unit(name + ".points", {.out = wide, .kernel = {1, 1}}).value();
  const ValueId windows = b.go_on_from(from).unit(name + ".windows", {.out = wide}).value();
  b.concat(name, {points, windows});
}

Result<Graph> squeezenet(Builder& b, const NetworkOptions& o) {
  b.unit("stem", {.out = channels(o, 64), .stride = 2}).max_pool("pool1");
  const auto two = [&](int first, int64_t narrow) {
    for (int i = 0; i < 2; ++i) fire(b, "fire" + std::to_string(first + i), channels(o, narrow), channels(o, 4 * narrow));
  };
  two(2, 16);
  b.max_pool("pool2");
  two(4, 32);
  b.max_pool("pool3");
  two(6, 48), two(8, 64);
  return b.unit("last", {.out = o.classes, .kernel = {1, 1}}).global_mean("pool").finish("logits");
}

// Each block sees twice as far into the past as the one before it (Bai et al. 2018).
Result<Graph> tcn(Builder& b, const NetworkOptions& o) {
  const int64_t wide = channels(o, 32);
  b.unit("stem", {.out = wide, .kernel = {1, 1}});
  for (int i = 0; i < 5; ++i) {
    const std::string name = "block" + std::to_string(i + 1);
    const ValueId from = b.value();
    const Builder::Conv conv{.out = wide, .kernel = {3, 1}, .past = int64_t{1} << i};
    b.unit(name + ".1", conv).unit(name + ".2", conv).add(name + ".add", from);
  }
  return b.global_mean("pool").dense("head", o.classes).finish("logits");
}

// Attention and two dense layers, each behind a normalisation and added to what it read (Vaswani et al. 2017, normalised first).
void transformer_block(Builder& b, const std::string& name, int64_t tokens, int64_t heads) {
  const int64_t wide = b.channels();
  const ValueId from = b.value(), normal = b.layer_norm(name + ".norm1").value();
  const auto head = [&](const std::string& part) {
    return b.go_on_from(normal).dense(name + part, wide).reshape(name + part + ".heads", {0, tokens, heads, wide / heads}).transpose(name + part + ".turned", {0, 2, 1, 3}).value();
  };
  const ValueId keys = head(".keys"), values = head(".values"), queries = head(".queries");
  b.go_on_from(queries).matmul(name + ".scores", keys, true).scale(name + ".scale", 1 / std::sqrt(static_cast<double>(wide / heads)));
  b.apply("softmax", name + ".attention", {{"axis", int64_t{-1}}}).matmul(name + ".answers", values, false);
  b.transpose(name + ".back", {0, 2, 1, 3}).reshape(name + ".together", {0, tokens, wide}).dense(name + ".out", wide).add(name + ".add1", from);
  const ValueId middle = b.value();
  b.layer_norm(name + ".norm2").dense(name + ".wide", 2 * wide).apply("gelu", name + ".gelu").dense(name + ".narrow", wide).add(name + ".add2", middle);
}

Result<Graph> transformer_behind(Builder& b, const NetworkOptions& o, int64_t tokens, int blocks) {
  b.add_learned("places", {1, tokens, b.channels()});
  for (int i = 1; i <= blocks; ++i) transformer_block(b, "block" + std::to_string(i), tokens, 4);
  return b.layer_norm("norm").mean("pool", {1}).flatten("flat").dense("head", o.classes).finish("logits");
}

Result<Graph> vit(Builder& b, const NetworkOptions& o) {
  constexpr int64_t kPatch = 4;
  const std::vector<int64_t> input = o.input.empty() ? std::vector<int64_t>{32, 32, 3} : o.input;
  const int64_t tokens = (input[0] / kPatch) * (input[1] / kPatch), wide = channels(o, 64);
  b.conv("patches", {.out = wide, .kernel = {kPatch, kPatch}, .stride = kPatch, .bias = true, .valid = true}).reshape("tokens", {0, tokens, wide});
  return transformer_behind(b, o, tokens, 4);
}

Result<Graph> transformer(Builder& b, const NetworkOptions& o) {
  const int64_t tokens = o.input.empty() ? 49 : o.input[0];
  b.dense("embed", channels(o, 64));
  return transformer_behind(b, o, tokens, 2);
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
      {"autoencoder", {640}, autoencoder}, {"inspection", {64, 64, 3}, inspection, true}, {"heart_beats", {144, 1, 5}, heart_beats}, {"staged", {32, 32, 3}, staged, true},
      {"resnet18", {32, 32, 3}, resnet18, true}, {"mobilenet_v2", {96, 96, 3}, mobilenet_v2, true}, {"mobilenet_v3_small", {96, 96, 3}, mobilenet_v3_small, true},
      {"efficientnet_lite0", {96, 96, 3}, efficientnet_lite0, true}, {"squeezenet", {96, 96, 3}, squeezenet, true}, {"tcn", {128, 1, 1}, tcn, true},
      {"vit", {32, 32, 3}, vit, true}, {"transformer", {49, 10}, transformer, true}};
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
