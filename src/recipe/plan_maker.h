// How a float network is to be quantised: ranges, equalised channels, repaired weights, each kept when the network's output on the calibration samples is
// measured closer to float for it.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/json.h"
#include "eval/score.h"
#include "quant/quantize.h"

namespace verge {

// low: ranges alone, and weights as rounded (4-bit ones in the steps that lose least). normal: weights repaired on some samples. high: on all of them, for each range method.
enum class Effort { kLow, kNormal, kHigh };

struct PlanOptions {
  Effort effort = Effort::kNormal;
  int weight_bits = 8;             // 4: packed two a byte
  int activation_bits = 8;         // 16: convolution, dense and pointwise layers compute with int16 activations
  bool equalise = true;            // channels' ranges, across layers
  bool onnx_rounding = false;      // the package computes what its ONNX export means (QuantPlan)
  bool float_scores = false;       // a last dense layer gives its sums as float (QuantPlan); for engines that have such a layer
  bool per_tensor_weights = false; // one scale for a layer's weights
  std::set<std::string> float_layers;  // names of nodes that stay float
};

// Called as work goes on: what is done now, and how far it is (0..1).
using StageProgress = std::function<void(const std::string& stage, double done)>;

struct MadePlan {
  Graph graph;  // the float graph that the plan is for: the given one, or the same with equalised channels
  QuantPlan plan;
  std::string name;
  std::map<uint32_t, LayerWeights> wide_weights;  // what the plan had before its weights were narrowed
  Json tried;                                     // every form with its measured error
};

// `graph` is prepared and float; `data` are the calibration samples.
class PlanMaker {
 public:
  PlanMaker(const Graph& graph, const Dataset& data, const PlanOptions& options, const StageProgress& progress)
      : graph_(graph), data_(data), o_(options), progress_(progress) {}
  Result<MadePlan> run();

 private:
  void stage(const std::string& text, double done) const {
    if (progress_) progress_(text, done);
  }
  // A form of the network and a plan for it by one method.
  struct Ranged {
    std::shared_ptr<const Graph> graph;
    RangeMethod method;
    std::string name;
    QuantPlan plan;
  };
  Result<void> offer_ranges(Graph graph, const std::string& prefix);
  Result<void> offer_equalised();
  Result<void> offer_repaired();
  Result<void> offer(const Graph& graph, const std::string& name, QuantPlan plan);
  Result<QuantPlan> repaired(const Graph& graph, const QuantPlan& plan, int bits) const;
  QuantPlan narrowed_without_data(QuantPlan plan);
  Result<void> narrow_weights();
  // Signal to noise of the network's first output, in dB, through the runtime.
  Result<double> output_error(const Graph& graph, const QuantPlan& plan);
  QuantPlan plan_of(const Graph& graph, const Calibration& stats, RangeMethod method) const;

  const Graph& graph_;
  const Dataset& data_;
  const PlanOptions& o_;
  const StageProgress& progress_;
  std::unique_ptr<Subset> judges_;
  Predictions reference_;
  std::vector<Ranged> ranged_;
  std::shared_ptr<const Graph> stays_;  // the form whose ranges were measured best
  MadePlan best_;
  double best_db_ = 0;
};

}  // namespace verge
