#include "recipe/plan_maker.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "lower/lower.h"
#include "passes/equalise_channels.h"
#include "quant/narrow_weights.h"
#include "quant/repair_weights.h"

namespace verge {
namespace {

// Channels whose best factors lie further apart than these are worth another calibration, at low and at normal effort; high effort always tries.
constexpr double kWideSpread = 16, kNotableSpread = 8;
constexpr size_t kJudges = 64, kFewJudges = 32;  // samples that choose between plans, at normal and at low effort; at high effort all

}  // namespace

Result<MadePlan> PlanMaker::run() {
  best_.tried = Json::array();
  judges_ = std::make_unique<Subset>(Subset::first(data_, o_.effort == Effort::kHigh ? data_.size() : o_.effort == Effort::kLow ? kFewJudges : kJudges));
  stage("calibrating", 0.25);
  VERGE_CHECK(offer_ranges(Graph(graph_), ""));
  const double spread = o_.effort == Effort::kHigh || o_.per_tensor_weights ? kWideSpread : passes::channel_spread(graph_);
  const bool worth_it = spread >= (o_.effort == Effort::kLow ? kWideSpread : kNotableSpread);
  if (o_.equalise && worth_it) VERGE_CHECK(offer_equalised());
  if (o_.effort != Effort::kLow) VERGE_CHECK(offer_repaired());
  if (o_.weight_bits < 8) VERGE_CHECK(narrow_weights());
  return std::move(best_);
}

QuantPlan PlanMaker::plan_of(const Graph& graph, const Calibration& stats, RangeMethod method) const {
  QuantPlan plan = plan_quantization(graph, stats, method, o_.activation_bits);
  plan.per_tensor_weights = o_.per_tensor_weights;
  plan.float_scores = o_.float_scores;
  plan.onnx_rounding = o_.onnx_rounding && o_.activation_bits == 8;
  for (NodeId id : graph.order())
    if (o_.float_layers.count(graph.node(id).name)) plan.float_nodes.insert(id.index);
  return plan;
}

Result<void> PlanMaker::offer_ranges(Graph graph, const std::string& prefix) {
  const auto form = std::make_shared<const Graph>(std::move(graph));
  VERGE_TRY(const Calibration stats, Calibration::run(*form, data_));
  const double before = best_db_;
  const bool first = best_.name.empty();
  int k = 0;
  for (const RangeMethod method : {RangeMethod::kMinMax, RangeMethod::kPercentile, RangeMethod::kMse}) {
    const std::string name = prefix + range_method_name(method);
    stage("trying " + name + " ranges", 0.3 + 0.05 * k++);
    ranged_.push_back({form, method, name, plan_of(*form, stats, method)});
    VERGE_CHECK(offer(*form, name, ranged_.back().plan));
  }
  if (first || best_db_ > before) stays_ = form;
  return done();
}

Result<void> PlanMaker::offer_equalised() {
  Graph equalised = graph_;
  VERGE_TRY(const passes::Equalised change, passes::equalise_channels(equalised));
  return change.groups ? offer_ranges(equalised.compacted(), "equalised, ") : done();
}

// The plan whose output is measured closest to float stays. Scales beyond the integer contract (where the network says nothing on this data) are no plan, unless
// there is no other.
Result<void> PlanMaker::offer(const Graph& graph, const std::string& name, QuantPlan plan) {
  const Result<double> db = output_error(graph, plan);
  best_.tried.push_back({{"method", name}, {"output_sqnr_db", db.ok() ? Json(*db) : Json()}});
  const double found = db.ok() ? *db : -std::numeric_limits<double>::infinity();
  if (!best_.name.empty() && !(found > best_db_)) return done();
  best_.graph = graph;
  best_.plan = std::move(plan);
  best_.name = name;
  best_db_ = found;
  return done();
}

// What ranges clip is lost, what they round can be repaired: normal effort repairs the plan of least squares, high effort all, of both forms. A plan that cannot run
// is none here either.
Result<void> PlanMaker::offer_repaired() {
  for (const Ranged& r : ranged_) {
    if (o_.effort != Effort::kHigh && (r.graph != stays_ || r.method != RangeMethod::kMse)) continue;
    if (Result<QuantPlan> better = repaired(*r.graph, r.plan, 8); better.ok()) VERGE_CHECK(offer(*r.graph, r.name + " repaired", *std::move(better)));
  }
  return done();
}

Result<QuantPlan> PlanMaker::repaired(const Graph& graph, const QuantPlan& plan, int bits) const {
  RepairOptions options;
  options.bits = bits;
  if (o_.effort == Effort::kHigh) options.samples = data_.size(), options.windows_a_sample = 64;
  return repair_weights(graph, plan, data_, options, [&](size_t layer, size_t layers) {
    stage("repairing the weights of layer " + std::to_string(layer + 1) + " of " + std::to_string(layers), 0.45 + 0.1 * static_cast<double>(layer) / static_cast<double>(layers));
  });
}

// Fewer bits are asked for, not measured better: accuracy alone may send a layer back to its 8-bit weights.
Result<void> PlanMaker::narrow_weights() {
  QuantPlan narrow = best_.plan;
  if (o_.effort == Effort::kLow) {
    narrow = narrowed_without_data(std::move(narrow));
  } else {
    VERGE_TRY(narrow, repaired(best_.graph, best_.plan, o_.weight_bits));
  }
  VERGE_TRY(const double db, output_error(best_.graph, narrow));
  best_.wide_weights = std::move(best_.plan.weights);
  best_.plan = std::move(narrow);
  best_.name += format(", %d-bit weights", o_.weight_bits);
  best_.tried.push_back({{"method", best_.name}, {"output_sqnr_db", db}});
  return done();
}

// Depthwise weights are few and each counts: they stay at 8 bits.
QuantPlan PlanMaker::narrowed_without_data(QuantPlan plan) {
  for (NodeId id : best_.graph.order()) {
    const Node& node = best_.graph.node(id);
    const bool dense = node.op == "dense" || (node.op == "conv" && node.integer("groups", 1) == 1);
    if (!dense || plan.float_nodes.count(id.index) || !quantizable(best_.graph, node)) continue;
    const Tensor& weights = *best_.graph.constant(node.input(1));
    const Tensor* known = node.input(2).valid() ? best_.graph.constant(node.input(2)) : nullptr;
    const Tensor bias = known ? *known : Tensor();
    best_.plan.weights[id.index] = {quantize_weights(weights, 0), bias};
    plan.weights[id.index] = {::verge::narrow_weights(weights, o_.weight_bits), bias};
  }
  return plan;
}

Result<double> PlanMaker::output_error(const Graph& graph, const QuantPlan& plan) {
  VERGE_TRY(const QuantizedGraph q, quantize_graph(graph, plan));
  VERGE_TRY(const Lowered lowered, lower(q.graph));
  VERGE_TRY(const Predictions p, predict_side_by_side(lowered, *judges_));
  if (reference_.scores.empty()) {
    VERGE_TRY(const Lowered original, lower(graph_));
    VERGE_TRY(reference_, predict_side_by_side(original, *judges_));
  }
  return signal_to_noise_db(p, reference_);
}

}  // namespace verge
