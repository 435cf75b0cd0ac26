// Which way of computing each layer is the fastest on this machine (kernels/way.h), measured inside whole inferences, so that caches, clocks and neighbours are those of use.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "lower/executable.h"
#include "lower/tuning.h"

namespace verge {

struct TuneOptions {
  double seconds = 10;      // of measuring each layer's ways; as much again at most to confirm what was found
  double least_gain = 0.03; // of a layer's time: what gains less stays as usual
};

// All instructions of one kind.
struct TunedLayer {
  LayerKind kind;
  std::vector<uint32_t> instructions;
  std::vector<Way> ways;
  std::vector<double> ms;  // of each way, all instructions together: tenth percentile
  size_t chosen = 0;
};

struct TuneResult {
  std::vector<TunedLayer> layers;
  double usual_ms = 0, tuned_ms = 0;  // whole inferences, tenth percentile of interleaved rounds; equal where nothing was chosen
};

// A way is chosen where its layer gains enough and the whole inference is slower without it. Where the inference with all of them is not faster than the usual one, none is.
// Kernels are left without a tuning.
Result<TuneResult> tune(Executable& executable, std::span<const Tensor> inputs, const TuneOptions& options);

// What `result` says of its layers instead of what `tuning` said of them.
void add_tuned(const TuneResult& result, Tuning& tuning);

}  // namespace verge
