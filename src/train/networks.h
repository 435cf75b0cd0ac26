// Architectures as functions: an untrained Graph, channels last, of symbolic batch "N", with batch normalisation as nodes of its own.
//
//   lenet_300_100, lenet5      LeCun et al. 1998          mnist_cnn      McMahan et al. 2017, the CNN for MNIST
//   lenet5_caffe               the LeNet-5 of Caffe's examples, 431,080 parameters, that papers on pruning measure
//   resnet8                    MLPerf Tiny image classification           ds_cnn         MLPerf Tiny keyword spotting
//   mobilenet_v1_025           MLPerf Tiny person detection               autoencoder    MLPerf Tiny anomaly detection (gives back its input)
//   inspection                 the demo's own         heart_beats    four convolutions along a beat of eval/wfdb.h
//   ds_cnn_sound               ds_cnn behind 20 cepstral coefficients (MFCC) of 63 frames, made of fixed convolutions: takes 8,000 samples at 8 kHz
//
// Constants whose names begin with "fixed." are not learned.
#pragma once
#include <string>
#include <vector>

#include "ir/graph.h"

namespace verge::train {

struct NetworkOptions {
  std::vector<int64_t> input;  // [h, w, c], or [features] for autoencoder; empty: the architecture's own
  int64_t classes = 10;
  double width = 1;            // of the hidden layers' channels, rounded to multiples of 4; of resnet8, ds_cnn and inspection
  uint64_t seed = 0;           // of the weights: normal numbers of variance 2 / inputs (He et al. 2015), zeros for biases
};

std::vector<std::string> network_names();
// kInvalidArgument for an unknown name (lists those known) or an input that the architecture cannot take.
Result<Graph> make_network(const std::string& name, const NetworkOptions& options);

}  // namespace verge::train
