// Architectures as functions: an untrained Graph, channels last, of symbolic batch "N", with batch normalisation as nodes of its own.
//
//   lenet_300_100, lenet5      LeCun et al. 1998          mnist_cnn      McMahan et al. 2017, the CNN for MNIST
//   lenet5_caffe               the LeNet-5 of Caffe's examples, 431,080 parameters, that papers on pruning measure
//   resnet8                    MLPerf Tiny image classification           ds_cnn         MLPerf Tiny keyword spotting
//   mobilenet_v1_025           MLPerf Tiny person detection               autoencoder    MLPerf Tiny anomaly detection (gives back its input)
//   inspection                 the demo's own         heart_beats    four convolutions along a beat of eval/wfdb.h
//   staged                     as its stages say, a mean over the picture and a dense layer behind them
//   resnet18 (3x3 stem), mobilenet_v2, mobilenet_v3_small, efficientnet_lite0, squeezenet: as published but for the input's size, ReLU for ReLU6
//   tcn                        five residual blocks of causal convolutions along the first dimension, dilated 1 to 16 (Bai et al. 2018)
//   vit, transformer           four blocks over patches of 4 x 4 pixels; two over the rows of [time, features]; 64 channels, 4 heads
//   ds_cnn_sound               ds_cnn behind 20 cepstral coefficients (MFCC) of 63 frames, made of fixed convolutions: takes 8,000 samples at 8 kHz
//
// Constants whose names begin with "fixed." are not learned.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace verge::train {

// With batch normalisation behind each convolution. Windows are square, and one wide where the map is.
enum class StageKind : uint8_t {
  kConv,       // a convolution, ReLU
  kResidual,   // two convolutions and the input added, by way of a pointwise convolution where its shape is another; ReLU
  kSeparable,  // a depthwise and a pointwise convolution, ReLU behind each
  kInverted,   // pointwise to `expand` times the channels (none where that is 1) and depthwise, ReLU behind each; pointwise to `channels`; the input added where shapes agree
};
struct Stage {
  StageKind kind = StageKind::kConv;
  int64_t channels = 16, stride = 1, kernel = 3;
  int64_t expand = 4;  // of kInverted
  bool operator==(const Stage&) const = default;
};
inline constexpr std::pair<const char*, StageKind> kStageKinds[] = {
    {"conv", StageKind::kConv}, {"residual", StageKind::kResidual}, {"separable", StageKind::kSeparable}, {"inverted", StageKind::kInverted}};

struct NetworkOptions {
  std::vector<Stage> stages;   // of staged
  std::vector<int64_t> input;  // [h, w, c], or [features] for autoencoder; empty: the architecture's own
  int64_t classes = 10;
  double width = 1;            // of the hidden layers' channels, rounded to multiples of 4; of those that widen
  uint64_t seed = 0;           // of the weights: normal numbers of variance 2 / inputs (He et al. 2015), zeros for biases
};

std::vector<std::string> network_names();
// kInvalidArgument for an unknown name (lists those known) or an input that the architecture cannot take.
Result<Graph> make_network(const std::string& name, const NetworkOptions& options);

}  // namespace verge::train
