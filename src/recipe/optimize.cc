#include "recipe/optimize.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/digest.h"
#include "core/json.h"
#include "core/text.h"
#include "eval/choose_pipeline.h"
#include "eval/score.h"
#include "ops/op.h"
#include "os/clock.h"
#include "passes/pipelines.h"
#include "quant/repair_weights.h"
#include "recipe/inside.h"
#include "targets/target.h"

namespace verge {
namespace {

constexpr int kCoarsest = 24;  // tenths of the root mean square of the weights, the step that the compressor tries last

struct Split {
  std::shared_ptr<RawData> calibration, check;
};

uint64_t name_hash(const std::string& name, uint64_t seed) {  // FNV-1a, then a final mix so that the seed reaches every bit
  uint64_t h = 1469598103934665603ull ^ (seed * 0x9e3779b97f4a7c15ull);
  for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
  h ^= h >> 32;
  return (h * 0xd6e8feb86659fd93ull) ^ (h >> 29);
}

// Order by a hash of the file's name: the same file falls on the same side on every machine.
Result<Split> split_data(const RawData& data, const OptimizeOptions& o) {
  std::vector<std::pair<uint64_t, const RawFile*>> order;
  for (const RawFile& f : data.files) order.emplace_back(name_hash(f.name, o.seed), &f);
  std::sort(order.begin(), order.end());
  if (order.size() < 4) return invalid("the data holds " + std::to_string(order.size()) + " samples; calibration and check need at least 4, better 200");
  const size_t calibration = std::min(o.calibration, order.size() / 2), check = std::min(o.check, order.size() - calibration);
  Split out{std::make_shared<RawData>(), std::make_shared<RawData>()};
  out.calibration->classes = out.check->classes = data.classes;
  for (size_t i = 0; i < calibration; ++i) out.calibration->files.push_back(*order[i].second);
  for (size_t i = calibration; i < calibration + check; ++i) out.check->files.push_back(*order[i].second);
  return out;
}

struct Candidate {
  std::string name;
  Graph graph;
  Lowered lowered;
  Predictions predictions;
  double top1 = -1, agreement = 1, noise_percent = 0, int8_share = 0;
  std::vector<std::string> float_layers;  // those that arithmetic in int8 was possible for
  Latency latency;
  size_t package_bytes = 0;
  std::string package_sha256;
};

// The first samples lie in memory, the others are decoded each time.
class PartlyHeld : public Dataset {
 public:
  PartlyHeld(std::unique_ptr<Dataset> source, TensorDataset first) : source_(std::move(source)), first_(std::move(first)) {}
  size_t size() const override { return source_->size(); }
  Result<Sample> get(size_t i) const override { return i < first_.size() ? first_.get(i) : source_->get(i); }
  const std::vector<std::string>& classes() const override { return source_->classes(); }

 private:
  std::unique_ptr<Dataset> source_;
  TensorDataset first_;
};

// All samples where they fit in `most_bytes`, else as many as fit in `part_bytes`.
Result<std::unique_ptr<Dataset>> held(std::unique_ptr<Dataset> data, size_t part_bytes, size_t most_bytes) {
  VERGE_TRY(const Sample first, data->get(0));
  size_t bytes = 1;
  for (const Tensor& t : first.inputs) bytes += t.bytes().size();
  std::vector<size_t> indices(bytes * data->size() <= most_bytes ? data->size() : part_bytes / bytes);
  std::iota(indices.begin(), indices.end(), size_t{0});
  VERGE_TRY(TensorDataset in_memory, TensorDataset::from(*data, &indices));
  return std::unique_ptr<Dataset>(std::make_unique<PartlyHeld>(std::move(data), std::move(in_memory)));
}

// What differs from the declaration of a plain picture: the rest may be left out of a package (docs/pipeline.md).
Json without_defaults(Json declared) {
  if (declared.value("source", "") != "image") return declared;
  const Json plain = declaration_json(Declaration{});
  for (const char* key : {"resize", "mean", "std", "softmax"})
    if (declared[key] == plain[key]) declared.erase(key);
  return declared;
}

// One optimisation, step by step. Each step fills in the report.
class Optimizer {
 public:
  Optimizer(const OptimizeOptions& options, const StageProgress& progress) : o_(options), progress_(progress), data_options_(options.data) {}

  Result<OptimizeOutcome> run() {
    const double start = now_s();
    VERGE_CHECK(import());
    VERGE_CHECK(prepare_data());
    VERGE_CHECK(score_original());
    VERGE_CHECK(calibrate());
    VERGE_CHECK(compress());
    VERGE_CHECK(repair_accuracy());
    VERGE_CHECK(find_slow_layers());
    VERGE_CHECK(time_candidates());
    VERGE_CHECK(choose());
    VERGE_CHECK(look_inside());
    report_["seconds"] = now_s() - start;
    VERGE_TRY(Bytes package, write_package());
    return OptimizeOutcome{std::move(package), chosen_ == &original_ ? std::move(float_graph_) : std::move(int8_.graph), std::move(report_)};
  }

 private:
  void stage(const std::string& text, double done) const {
    if (progress_) progress_(text, done);
  }

  Result<void> import() {
    stage("importing and simplifying", 0.02);
    if (o_.target != "host") VERGE_CHECK(find_target(o_.target));
    VERGE_TRY(const MappedFile file, MappedFile::open(o_.model));
    source_sha256_ = sha256_hex(file.bytes());
    if (!o_.source_sha256.empty() && o_.source_sha256 != source_sha256_)
      return invalid("'" + o_.model + "' has the SHA-256 " + source_sha256_ + ", the recipe was made with " + o_.source_sha256 + ": give the model that it was made with");
    source_bytes_ = file.bytes().size();
    VERGE_TRY(source_, import_bytes(file.bytes(), o_.model, o_.load));
    Graph fused = source_;
    original_.name = "fp32";
    VERGE_TRY(original_.lowered, compile(fused, o_.load), "'" + o_.model + "'");
    original_.graph = std::move(fused);
    float_graph_ = source_;
    VERGE_CHECK(passes::prepare_unfused(float_graph_, {.only = {}, .skip = o_.load.skip_passes, .after = {}}), "'" + o_.model + "'");
    float_graph_ = float_graph_.compacted();
    report_["model"] = {{"file", o_.model.substr(o_.model.rfind('/') + 1)}, {"bytes", source_bytes_}, {"sha256", source_sha256_}, {"macs", original_.lowered.macs}};
    report_["target"] = o_.target;
    return done();
  }

  Result<void> prepare_data() {
    stage("reading the data", 0.05);
    const auto labels = source_.metadata.find("verge.labels");
    if (labels != source_.metadata.end())
      if (auto json = parse_json(labels->second); json.ok() && json->is_array())
        for (const Json& l : *json) data_options_.class_names.push_back(l.is_string() ? l.get<std::string>() : l.dump());
    VERGE_TRY(RawData raw, read_data(data_options_));
    const auto all = std::make_shared<const RawData>(std::move(raw));
    VERGE_TRY(Executable executable, Executable::open(original_.lowered.program, {o_.load.threads}));
    if (executable.input_count() != 1) return unsupported("optimize takes models with one data input; this one has " + std::to_string(executable.input_count()));
    VERGE_CHECK(declare(executable, all));
    VERGE_TRY(const Split split, split_data(*all, o_));
    VERGE_TRY(auto calibration, make_dataset(split.calibration, executable.model().input(0), declaration_, data_options_));
    VERGE_TRY(auto check, make_dataset(split.check, executable.model().input(0), declaration_, data_options_));
    // Calibration samples are read a dozen times, those that check twice.
    constexpr size_t kOften = size_t{20} << 20, kSeldom = size_t{4} << 20, kAll = size_t{64} << 20;
    VERGE_TRY(calibration_, held(std::move(calibration), kOften, kAll));
    VERGE_TRY(check_, held(std::move(check), kSeldom, kAll));
    VERGE_TRY(const Sample first, check_->get(0));
    example_ = first.inputs;
    report_["data"] = {{"samples", all->files.size()}, {"calibration", calibration_->size()}, {"check", check_->size()}, {"classes", all->classes}, {"seed", o_.seed}};
    return done();
  }

  Result<void> declare(Executable& executable, const std::shared_ptr<const RawData>& all) {
    const auto own = source_.metadata.find("verge.pipeline");
    const std::string text = !o_.pipeline.empty() ? o_.pipeline : own != source_.metadata.end() ? own->second : "";
    PipelineChoice choice;
    if (!text.empty()) {
      VERGE_TRY(const Json json, parse_json(text), "pipeline");
      VERGE_TRY(choice.declaration, parse_declaration(json));
      choice.declared = true;
    } else {
      stage("choosing the pre-processing", 0.08);
      VERGE_TRY(choice, choose_pipeline(executable, all, data_options_));
      const bool at_chance = choice.top1 >= 0 && choice.chance < 1 && choice.top1 < choice.chance + 0.1;
      if (at_chance)
        return Error(Code::kBudget, format("the float model is at chance (best of %zu common normalisations: %.1f %% of 64 samples, guessing gives %.1f %%): declare its "
                                           "pre-processing, as in --pipeline '{\"color\":\"RGB\",\"mean\":[0,0,0],\"std\":[255,255,255]}', or check that the labels match its classes",
                                           choice.scored.size(), choice.top1 * 100, choice.chance * 100));
    }
    declaration_ = choice.declaration;
    report_["pipeline"] = {{"declared", choice.declared}, {"text", declaration_text(declaration_)}, {"declaration", declaration_json(declaration_)}, {"scored", choice.scored}};
    return done();
  }

  Result<void> score_original() {
    stage("scoring the original", 0.12);
    VERGE_CHECK(score(original_));
    return done();
  }

  Result<void> score(Candidate& c) {
    VERGE_TRY(c.predictions, predict_side_by_side(c.lowered, *check_));
    c.top1 = top1(c.predictions);
    if (&c == &original_) {
      report_["judged_by"] = c.top1 >= 0 ? "top-1" : gives_classes() ? "agreement" : "noise of the outputs";
      return done();
    }
    c.agreement = agreement(c.predictions, original_.predictions);
    c.noise_percent = 100 * std::pow(10, -signal_to_noise_db(c.predictions, original_.predictions) / 10);
    return done();
  }

  Result<Candidate> candidate(const std::string& name, const QuantPlan& plan) {
    VERGE_TRY(QuantizedGraph q, quantize_graph(float_graph_, plan));
    Candidate out;
    out.name = name;
    out.int8_share = q.total_macs ? static_cast<double>(q.int8_macs) / static_cast<double>(q.total_macs) : 0;
    for (uint32_t n : plan.float_nodes)
      if (quantizable(float_graph_, float_graph_.node(NodeId{n}))) out.float_layers.push_back(float_graph_.node(NodeId{n}).name);
    if (std::find(o_.load.skip_passes.begin(), o_.load.skip_passes.end(), "constant_channels") == o_.load.skip_passes.end())
      VERGE_CHECK(passes::remove_constant_channels(q.graph), "int8 '" + o_.model + "'");
    ops::LowerOptions lower_options;
    lower_options.threads = o_.load.threads;
    VERGE_TRY(out.lowered, lower(q.graph, lower_options), "int8 '" + o_.model + "'");
    out.graph = std::move(q.graph);
    VERGE_CHECK(score(out));
    return out;
  }

  Result<void> calibrate() {
    const double start = now_s(), worked = processor_s();
    VERGE_CHECK(make_plan(o_.plan));
    report_["calibration_seconds"] = now_s() - start;
    report_["calibration_processor_seconds"] = processor_s() - worked;
    VERGE_TRY(int8_, candidate((o_.plan.activation_bits == 16 ? "int16 " : "int8 ") + made_.name, made_.plan));
    VERGE_CHECK(find_blame());
    report_["blame"] = blame_json(blame_);
    return done();
  }

  Result<void> make_plan(const PlanOptions& options) {
    VERGE_TRY(made_, PlanMaker(float_graph_, *calibration_, options, progress_).run());
    report_["calibration"] = made_.tried;
    float_graph_ = std::move(made_.graph);
    return done();
  }

  // Asked where somebody will want to know: always but at low effort, there when the budget is missed.
  Result<void> find_blame() {
    constexpr int64_t kMostMacs = 60'000'000'000;  // of a question's runs
    stage("finding what each layer costs", 0.55);
    if (o_.plan.effort == Effort::kLow && drop_points(int8_) <= o_.max_drop_points) return done();
    VERGE_TRY(blame_, blame_layers(float_graph_, made_.plan, Subset::first(*calibration_, 64)));
    const int64_t runs = 2 * static_cast<int64_t>(blame_.size()) * std::max<int64_t>(original_.lowered.macs, 1);
    return blame_by_return(float_graph_, made_.plan, Subset::first(*calibration_, static_cast<size_t>(std::clamp<int64_t>(kMostMacs / std::max<int64_t>(runs, 1), 2, 64))), blame_);
  }

  // The coarsest weights whose measured drop is within the budget: by bisection, since the drop grows with the step, and two steps beyond the first that
  // is outside, since over some thousand samples it does not grow evenly.
  Result<void> compress() {
    if (!o_.compress) return done();
    report_["compression"] = Json::array();
    int low = 2, beyond = kCoarsest;
    while (low < beyond) {
      const int middle = (low + beyond) / 2;
      VERGE_TRY(const bool within, coarsened(middle));
      (within ? low : beyond) = within ? middle + 1 : middle;
    }
    for (int step = low + 1; step <= std::min(low + 2, kCoarsest); ++step)
      if (!tried_.contains(step)) VERGE_CHECK(coarsened(step));
    return done();
  }

  // Tries weights in steps of so many tenths of their root mean square; they stay when they are within the budget.
  Result<bool> coarsened(int tenths) {
    const double coarseness = tenths / 10.0;
    tried_.insert(tenths);
    stage(format("trying weights in steps of %.1f of their root mean square", coarseness), 0.6);
    RepairOptions repair;
    repair.coarseness = coarseness;
    repair.samples = calibration_->size();
    VERGE_TRY(QuantPlan plan, repair_weights(float_graph_, made_.plan, *calibration_, repair));
    VERGE_TRY(Candidate coarse, candidate(format("int8, weights in steps of %.1f", coarseness), plan));
    report_["compression"].push_back({{"step", coarseness}, {"drop_points", drop_points(coarse)}, {"agreement", coarse.agreement}, {"bytes", package_bytes_of(coarse).size()}});
    if (drop_points(coarse) > o_.max_drop_points) return false;
    int8_ = std::move(coarse);
    made_.plan = std::move(plan);
    return true;
  }

  // Points lost: of top-1 with labels, of agreement of the best class without them; where no single class is the answer (boxes, pictures, signals), the share of the
  // outputs' energy that is noise, in percent.
  double drop_points(const Candidate& c) const {
    if (c.top1 >= 0) return (original_.top1 - c.top1) * 100;
    return gives_classes() ? (1 - c.agreement) * 100 : c.noise_percent;
  }

  bool gives_classes() const {
    const TensorType &x = float_graph_.type(float_graph_.inputs()[0]), &y = float_graph_.type(float_graph_.outputs()[0]);
    if (!y.is_static() || y.rank() == 0) return true;
    const bool one_row = y.shape().count() == y.shape().back(0), like_input = x.is_static() && x.shape().count() == y.shape().count();
    return one_row && !like_input;
  }

  std::vector<LayerBlame> worst_first() const {
    std::vector<LayerBlame> out = blame_;
    std::stable_sort(out.begin(), out.end(), [](const LayerBlame& a, const LayerBlame& b) { return a.without_db > b.without_db; });
    return out;
  }

  // While the drop is beyond the budget, the layer that costs most goes back.
  Result<void> repair_accuracy() {
    if (!int8_.lowered.program.size() || drop_points(int8_) <= o_.max_drop_points) return done();
    VERGE_CHECK(widen_weights());
    if (drop_points(int8_) <= o_.max_drop_points || blame_.empty()) return done();
    VERGE_CHECK(set_culprit_apart());
    return drop_points(int8_) <= o_.max_drop_points ? done() : return_layers();
  }

  // The fewest of the worst layers whose return to float is within the budget: 1, 2, 4 .. of them, then by bisection.
  Result<void> return_layers() {
    std::vector<LayerBlame> layers;
    for (const LayerBlame& layer : worst_first())
      if (!kept_float_.count(layer.name)) layers.push_back(layer);
    size_t beyond = 0, enough = layers.size() + 1;
    for (size_t count = 1; count <= layers.size() && beyond + 1 < enough;) {
      stage(format("returning %zu of %zu layers to float", count, layers.size()), 0.6 + 0.15 * static_cast<double>(count) / static_cast<double>(layers.size()));
      QuantPlan plan = made_.plan;
      for (size_t i = 0; i < count; ++i) plan.float_nodes.insert(layers[i].node);
      VERGE_TRY(Candidate mixed, candidate("mixed", plan));
      const bool within = drop_points(mixed) <= o_.max_drop_points;
      (within ? enough : beyond) = count;
      if (within || count == layers.size()) int8_ = std::move(mixed);
      count = enough > layers.size() && count < layers.size() ? std::min(2 * count, layers.size()) : (beyond + enough) / 2;
    }
    for (size_t i = 0; i < std::min(enough, layers.size()); ++i) {
      made_.plan.float_nodes.insert(layers[i].node);
      kept_float_[layers[i].name] = "too lossy";
    }
    return done();
  }

  Result<void> widen_weights() {
    for (const LayerBlame& layer : worst_first()) {
      if (drop_points(int8_) <= o_.max_drop_points) return done();
      const auto wide = made_.wide_weights.find(layer.node);
      if (wide == made_.wide_weights.end()) continue;
      stage("returning '" + layer.name + "' to 8-bit weights", 0.65);
      made_.plan.weights[layer.node] = wide->second;
      VERGE_TRY(int8_, candidate("int8 " + made_.name, made_.plan));
    }
    return done();
  }

  // The layer that costs most stays float, and the others get a plan of their own: its noise had a say in their ranges and repair. Where that does not do, the
  // others' weights are repaired even at low effort, before more layers pay with speed.
  Result<void> set_culprit_apart() {
    const LayerBlame culprit = worst_first().front();
    PlanOptions options = o_.plan;
    options.float_layers = {culprit.name};
    kept_float_[culprit.name] = "too lossy";
    for (const Effort effort : {o_.plan.effort, Effort::kNormal}) {
      if (effort != o_.plan.effort && (o_.plan.effort != Effort::kLow || drop_points(int8_) <= o_.max_drop_points)) continue;
      options.effort = effort;
      VERGE_CHECK(make_plan(options));
      VERGE_TRY(int8_, candidate("mixed", made_.plan));
    }
    const std::map<std::string, double> before = returns_by_name();
    VERGE_TRY(blame_, blame_layers(float_graph_, made_.plan, Subset::first(*calibration_, 16)));
    for (LayerBlame& layer : blame_)
      if (const auto known = before.find(layer.name); known != before.end()) layer.without_db = known->second;
    return done();
  }

  std::map<std::string, double> returns_by_name() const {
    std::map<std::string, double> out;
    for (const LayerBlame& layer : blame_) out[layer.name] = layer.without_db;
    return out;
  }

  // Layers whose int8 form takes longer here than their float twin go back to float, when the whole network is measured faster for it.
  Result<void> find_slow_layers() {
    report_["slower_in_int8"] = Json::array();
    if (o_.decided) return return_slow_layers(o_.decided->slower_in_int8);
    if (!o_.time || o_.plan.activation_bits == 16 || !int8_.lowered.program.size()) return done();
    stage("timing layer by layer", 0.78);
    VERGE_TRY(const LayerTimes times, layer_times());
    std::vector<std::string> slow;
    for (NodeId id : float_graph_.order()) {
      const Node& node = float_graph_.node(id);
      const auto f = times.original.find(node.name), q = times.int8.find(node.name);
      if (f == times.original.end() || q == times.int8.end() || made_.plan.float_nodes.count(id.index) || q->second < 1.1 * f->second) continue;
      slow.push_back(node.name);
    }
    return return_slow_layers(slow);
  }

  Result<void> return_slow_layers(const std::vector<std::string>& slow) {
    if (slow.empty()) return done();
    QuantPlan faster = made_.plan;
    for (NodeId id : float_graph_.order())
      if (std::find(slow.begin(), slow.end(), float_graph_.node(id).name) != slow.end()) faster.float_nodes.insert(id.index);
    VERGE_TRY(Candidate other, candidate("mixed", faster));
    VERGE_TRY(const bool faster_here, o_.decided ? Result<bool>(true) : is_faster(other));
    if (!faster_here || drop_points(other) > o_.max_drop_points) return done();
    for (const std::string& name : slow) kept_float_[name] = "slower in int8";
    report_["slower_in_int8"] = slow;
    int8_ = std::move(other);
    made_.plan = std::move(faster);
    return done();
  }

  Result<bool> is_faster(const Candidate& other) {
    VERGE_TRY(const std::vector<Latency> ms, race({&int8_, &other}));
    return ms[1].p50_ms <= 0.97 * ms[0].p50_ms && ms[1].min_ms <= 0.97 * ms[0].min_ms;
  }

  struct LayerTimes {
    std::map<std::string, double> original, int8;  // milliseconds
  };

  // In turns, the least of each layer's medians: what else the machine does in one turn is no layer's fault.
  Result<LayerTimes> layer_times() {
    constexpr int kTurns = 6;
    VERGE_TRY(Executable original, Executable::open(original_.lowered.program, {o_.load.threads}));
    VERGE_TRY(Executable int8, Executable::open(int8_.lowered.program, {o_.load.threads}));
    LayerTimes out;
    for (int turn = 0; turn < kTurns; ++turn) {
      VERGE_CHECK(least_times(original, out.original));
      VERGE_CHECK(least_times(int8, out.int8));
    }
    return out;
  }

  Result<void> least_times(Executable& executable, std::map<std::string, double>& out) {
    BenchOptions bench_options;
    bench_options.seconds = 0.08;
    VERGE_TRY(const BenchResult result, bench(executable, example_, bench_options));
    std::map<std::string, double> now;
    for (const OpProfile& p : result.profile) now[p.name] += p.p50_ms;
    for (const auto& [name, ms] : now) {
      const auto [known, first] = out.emplace(name, ms);
      if (!first) known->second = std::min(known->second, ms);
    }
    return done();
  }

  Result<std::vector<Latency>> race(const std::vector<const Candidate*>& candidates) {
    std::vector<Executable> executables;
    for (const Candidate* c : candidates) {
      VERGE_TRY(Executable e, Executable::open(c->lowered.program, {o_.load.threads}));
      executables.push_back(std::move(e));
    }
    std::vector<Contender> contenders;
    for (Executable& e : executables) contenders.push_back({&e, example_});
    return compare_latency(contenders, 10, 0.05);
  }

  Result<void> time_candidates() {
    if (!o_.time) return done();
    stage("timing the candidates", 0.85);
    std::vector<const Candidate*> all = {&original_};
    if (int8_.lowered.program.size()) all.push_back(&int8_);
    VERGE_TRY(const std::vector<Latency> ms, race(all));
    original_.latency = ms[0];
    if (ms.size() > 1) int8_.latency = ms[1];
    return done();
  }

  // The candidate stays only if it is within the accuracy budget and measured faster, or no slower and smaller.
  Result<void> choose() {
    chosen_ = &original_;
    std::string reason = "nothing in this model can be quantised";
    if (int8_.lowered.program.size()) {
      const bool accurate = drop_points(int8_) <= o_.max_drop_points;
      const bool wide = o_.plan.activation_bits == 16;  // asked for precision, not for speed
      const bool fast = !o_.time || wide || o_.target != "host" || int8_.latency.p50_ms < 1.02 * original_.latency.p50_ms;
      reason = !accurate ? format("int8 loses %.2f points, the budget is %.2f", drop_points(int8_), o_.max_drop_points)
               : !fast   ? "int8 is slower than float on this machine"
               : wide && o_.time && int8_.latency.p50_ms > original_.latency.p50_ms
                   ? "within the accuracy budget, smaller; int16 activations were asked for, which are slower than float here"
                         : "within the accuracy budget, smaller" + std::string(o_.time ? " and measured against float" : "");
      if (o_.decided ? o_.decided->chosen == int8_.name : accurate && fast) chosen_ = &int8_;
    }
    report_["candidates"] = Json::array();
    for (Candidate* c : {&original_, &int8_}) {
      if (c->lowered.program.empty()) continue;
      const Bytes package = package_bytes_of(*c);
      c->package_bytes = package.size();
      c->package_sha256 = sha256_hex(package);
      report_["candidates"].push_back(candidate_json(*c));
    }
    report_["chosen"] = chosen_->name;
    report_["reason"] = reason;
    report_["kept_float"] = kept_float_;
    if (const Json note = constant_channels(*chosen_); !note.is_null()) report_["constant_channels"] = note;
    return done();
  }

  Result<void> look_inside() {
    VERGE_TRY(Executable executable, Executable::open(chosen_->lowered.program, {o_.load.threads}));
    BenchResult timed;
    if (o_.time) {
      VERGE_TRY(timed, bench(executable, example_, {.seconds = 0.08}));
    }
    report_["memory"] = memory_timeline(executable.model());
    report_["placement"] = placement(executable.model(), timed.profile);
    if (blame_.empty()) return done();
    VERGE_TRY(report_["histograms"], histograms(float_graph_, made_.plan, blame_, *calibration_));
    return done();
  }

  Json candidate_json(const Candidate& c) const {
    Json out = {{"name", c.name},
                {"chosen", &c == chosen_},
                {"top1", c.top1 >= 0 ? Json(c.top1) : Json()},
                {"agreement", c.agreement},
                {"drop_points", drop_points(c)},
                {"noise_percent", c.noise_percent},
                {"int8_mac_share", c.int8_share},
                {"package_bytes", c.package_bytes},
                {"package_sha256", c.package_sha256},
                {"arena_bytes", c.lowered.arena_bytes},
                {"latency", o_.time ? latency_json(c.latency) : Json()}};
    if (o_.target != "host") {
      const auto int8_macs = static_cast<int64_t>(c.int8_share * static_cast<double>(c.lowered.macs));
      const Target& target = **find_target(o_.target);
      const Estimate e = estimate(target, c.lowered.macs - int8_macs, int8_macs, static_cast<int64_t>(c.lowered.program.size() + c.lowered.arena_bytes));
      out["estimate"] = {{"target", target.name}, {"latency_ms", e.latency_ms}, {"energy_mj", e.energy_mj > 0 ? Json(e.energy_mj) : Json()}, {"label", "estimated"}};
    }
    return out;
  }

  // What the pass of this name proved and removed; null: nothing.
  static Json constant_channels(const Candidate& c) {
    const auto note = c.graph.metadata.find("verge.constant_channels");
    if (note == c.graph.metadata.end()) return {};
    auto json = parse_json(note->second);
    return json.ok() ? *json : Json();
  }

  Json manifest_of(const Candidate& c) const {
    Json m = {{"name", o_.model.substr(o_.model.rfind('/') + 1)}, {"created_by", "verge"}, {"pipeline", without_defaults(declaration_json(declaration_))}, {"requant", o_.plan.onnx_rounding ? "onnx" : "tflm"}};
    m["source"] = {{"file", o_.model.substr(o_.model.rfind('/') + 1)}, {"sha256", source_sha256_}, {"bytes", source_bytes_}};
    if (!check_->classes().empty()) m["labels"] = check_->classes();
    if (const Json note = constant_channels(c); !note.is_null()) m["constant_channels"] = note;
    m["target"] = o_.target;
    m["validation"] = {{"samples", check_->size()}, {"agreement", c.agreement}, {"top1", c.top1 >= 0 ? Json(c.top1) : Json()}, {"original_top1", original_.top1 >= 0 ? Json(original_.top1) : Json()},
                       {"candidate", c.name}, {"int8_mac_share", c.int8_share}};
    return m;
  }

  // A real sample while it is small beside the program, else noise that is made from a seed.
  std::vector<Tensor> golden_inputs(const Candidate& c) const {
    const Tensor& sample = example_[0];
    if (static_cast<size_t>(sample.count()) <= c.lowered.program.size() / 64 || (sample.dtype() != DataType::kF32 && sample.dtype() != DataType::kI8 && sample.dtype() != DataType::kU8)) return {sample};
    return {seeded_tensor(sample.dtype(), sample.shape(), 1)};
  }

  Bytes package_bytes_of(const Candidate& c) {
    PackageContents contents;
    contents.manifest = manifest_of(c);
    contents.program = c.lowered.program;
    contents.packed = o_.compress && &c != &original_;
    const std::vector<Tensor> inputs = golden_inputs(c);
    if (auto outputs = answers_of(c, inputs); outputs.ok()) contents.golden.push_back({inputs, *outputs});
    return make_package(contents);
  }

  Result<std::vector<Tensor>> answers_of(const Candidate& c, const std::vector<Tensor>& inputs) const {
    VERGE_TRY(Executable executable, Executable::open(c.lowered.program, {o_.load.threads}));
    return executable.run(inputs);
  }

  Result<Bytes> write_package() {
    stage("writing the package", 0.97);
    const double start = now_s();
    Bytes package = package_bytes_of(*chosen_);
    report_["writing_seconds"] = now_s() - start;
    return package;
  }

  const OptimizeOptions& o_;
  const StageProgress& progress_;
  Json report_;
  Graph source_, float_graph_;
  std::string source_sha256_;
  size_t source_bytes_ = 0;
  DataOptions data_options_;
  Declaration declaration_;
  std::unique_ptr<Dataset> calibration_, check_;
  std::vector<Tensor> example_;  // the inputs of a sample
  MadePlan made_;
  std::set<int> tried_;  // coarseness of weights, in tenths
  std::vector<LayerBlame> blame_;
  std::map<std::string, std::string> kept_float_;
  Candidate original_, int8_;
  const Candidate* chosen_ = nullptr;
};

}  // namespace

Result<OptimizeOutcome> optimize(const OptimizeOptions& options, const StageProgress& progress) { return Optimizer(options, progress).run(); }

}  // namespace verge
