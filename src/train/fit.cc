#include "train/fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <tuple>
#include <type_traits>

#include "base/sha256.h"
#include "core/text.h"
#include "engine/load.h"
#include "packaging/package_file.h"
#include "eval/score.h"
#include "ops/op.h"
#include "os/thread_pool.h"
#include "os/clock.h"
#include "os/file.h"
#include "passes/pipelines.h"
#include "train/checkpoint.h"
#include "train/clustered_weights.h"
#include "train/confusion.h"
#include "train/examples.h"
#include "train/float_shadow.h"
#include "train/metrics.h"
#include "train/model_source.h"
#include "train/normalised.h"
#include "train/prune_network.h"
#include "train/quantised.h"
#include "train/remade.h"
#include "train/sparse_update.h"
#include "train/trainer.h"

namespace verge::train {
namespace {

constexpr int64_t kPrunings = 200;  // of single weights in a run, where it has so many steps

uint8_t drifted_byte(const Drift& drift, uint8_t byte) { return static_cast<uint8_t>(std::clamp(drift.gain * byte + drift.shift + 0.5, 0.0, 255.0)); }

class Run {
 public:
  Run(const FitOptions& options, const std::function<void(const FitProgress&)>& progress) : o_(options), r_(options.recipe), progress_(progress), pool_(options.threads) {}

  Result<FitOutcome> run() {
    start_ = now_s();
    VERGE_CHECK(prepare());
    if (o_.resume) VERGE_CHECK(go_on());
    while (step_ < total_steps() && !time_is_up()) {
      VERGE_CHECK(train_step());
      const bool epoch_ends = step_ % steps_an_epoch_ == 0;
      if (epoch_ends) VERGE_CHECK(end_epoch());
      if (stopped()) return interrupted_outcome();
    }
    if (step_ % steps_an_epoch_ != 0) VERGE_CHECK(end_epoch());
    return outcome();
  }

 private:
  Result<void> prepare() {
    VERGE_TRY(Graph network, network_of(r_), "recipe");
    ExampleOptions examples{o_.data, sample_sizes(network), r_.skip_damaged, !r_.training.reconstruct};
    VERGE_CHECK(take_samples(examples));
    if (is_architecture(r_.model) && !r_.training.reconstruct) {
      NetworkOptions n = r_.network;
      n.classes = static_cast<int64_t>(train_.class_count());
      VERGE_TRY(network, make_network(r_.model, n), "recipe");
    }
    VERGE_TRY(network_, channels_last(network));
    training_ = r_.training;
    if (has_integers(network_)) VERGE_CHECK(take_integers(), "model '" + r_.model + "'");
    if (r_.rescale != 1 && !is_architecture(r_.model)) {
      VERGE_CHECK(rescale_input(network_, r_.rescale), "model '" + r_.model + "'");
      for (float& s : training_.input.std) s *= static_cast<float>(r_.rescale);
    }
    training_.input.bytes = train_.pictures();
    training_.batch = std::min<int64_t>(training_.batch, static_cast<int64_t>(train_.size()));
    for (size_t i = 0; i < drifted_.size(); ++i) drifted_[i] = drifted_byte(r_.drift, static_cast<uint8_t>(i));
    VERGE_CHECK(check_classes());
    if (r_.prune.any()) VERGE_CHECK(prune_channels(), "model '" + r_.model + "'");
    if (r_.normalise) VERGE_CHECK(add_normalisations(), "model '" + r_.model + "'");
    if (r_.weight_bits > 0) VERGE_CHECK(quantise(), "model '" + r_.model + "'");
    weigh_classes();
    if (r_.sparse_update_kb > 0) VERGE_CHECK(choose_trained(), "model '" + r_.model + "'");
    VERGE_CHECK(make_trainer(), "model '" + r_.model + "'");
    prepare_batches();
    if (r_.sparsity.share > 0) sparse_.emplace(trainer_->weights(), r_.sparsity.block);
    if (r_.clusters > 0) clustered_.emplace(trainer_->weights(), static_cast<size_t>(r_.clusters));
    if (!is_architecture(r_.model) && check_.size() > 0 && !o_.resume) {
      VERGE_TRY(before_, scores());
    }
    return done();
  }

  void prepare_batches() {
    batch_ = static_cast<size_t>(trainer_->input().shape[0]);
    steps_an_epoch_ = static_cast<int64_t>(train_.size() / batch_);
    spare_.resize(batch_ * train_.sample_bytes());
  }

  // Looks how far samples agree on where each parameter should go, with nothing moving, and lets those learn that promise most.
  Result<void> choose_trained() {
    constexpr int64_t kBatch = 32, kSamples = 1024;
    constexpr double kBeta = 0.9999;
    TrainingOptions all = training_;
    all.teacher = {}, all.rounding.clear();
    all.optimizer = Optimizer::kAdam, all.beta1 = all.beta2 = kBeta, all.decay = 0, all.clip_norm = 0, all.ema = 0;
    all.batch = std::min(kBatch, static_cast<int64_t>(train_.size()));
    VERGE_TRY(Trainer trainer, Trainer::create(network_, all, o_.threads));
    trainer_.emplace(std::move(trainer));
    prepare_batches();
    for (const int64_t steps = std::min(kSamples / all.batch, steps_an_epoch_); step_ < steps; ++step_) {
      VERGE_CHECK(fill_batch(0));
      VERGE_CHECK(trainer_->step(0));
    }
    step_ = 0;
    std::vector<Candidate> candidates;
    for (const auto& [p, consistency] : trainer_->consistency(kBeta)) candidates.push_back({p.constant, p.name, consistency});
    trainer_.reset();
    VERGE_TRY(const Graph runs, for_export(network_));
    VERGE_TRY(SparseChoice choice, choose_sparse(network_, runs, training_, std::move(candidates), static_cast<size_t>(r_.sparse_update_kb * 1024)));
    training_.trained_constants = std::move(choice.trained);
    sparse_update_ = std::move(choice.report);
    return done();
  }

  // The samples that decide are the first in a random order: files lie class by class.
  Result<void> prune_channels() {
    order_samples(0);
    LossOptions loss{training_.input, 1024, o_.threads};
    const Examples some = train_.part({order_.begin(), order_.begin() + static_cast<ptrdiff_t>(std::min(loss.samples, order_.size()))});
    const bool fits = r_.prune.reconstruct && train_.pictures();
    VERGE_TRY(const TensorDataset samples, fits ? first_samples(256) : Result<TensorDataset>(TensorDataset({}, {})));
    PruneOptions options = r_.prune;
    options.reconstruct = fits;
    options.trained = training_.trained;
    VERGE_TRY(PrunedNetwork pruned, pruned_network(network_, options, some, loss, samples));
    network_ = std::move(pruned.graph);
    pruning_ = std::move(pruned.report);
    return done();
  }

  // An integer model learns through real numbers that stand behind its integers.
  Result<void> take_integers() {
    if (r_.weight_bits > 0 || r_.rescale != 1 || r_.prune.any() || r_.normalise) return invalid("its numbers are integers already: \"quantize\", \"prune\", \"normalise\" and \"input.rescale\" take networks in float");
    VERGE_TRY(quantised_, float_shadow(network_));
    network_ = quantised_->graph;
    training_.rounding = quantised_->rounding;
    return done();
  }

  // The first of a random order, as the network takes them.
  Result<TensorDataset> first_samples(size_t most) {
    if (!train_.pictures()) return unsupported("takes pictures");
    std::vector<Sample> samples;
    Bytes picture(train_.sample_bytes());
    order_samples(0);
    for (size_t i = 0; i < std::min(most, train_.size()); ++i) {
      VERGE_CHECK(train_.read(order_[i], picture.data()));
      const PictureSize& size = train_.picture_size();
      Tensor x(DataType::kF32, {1, size.height, size.width, size.channels});
      normalise(picture.data(), picture.size(), x.mut<float>().data());
      samples.push_back({{std::move(x)}, -1, train_.name(order_[i])});
    }
    return TensorDataset(std::move(samples), {});
  }

  Result<void> add_normalisations() {
    VERGE_TRY(const TensorDataset samples, first_samples(256), "normalise");
    VERGE_TRY(network_, normalised_network(network_, samples));
    return set_batch(network_, 2);
  }

  // Scales begin where the first samples say.
  Result<void> quantise() {
    VERGE_TRY(const TensorDataset samples, first_samples(256), "quantize");
    VERGE_TRY(quantised_, quantised_network(network_, samples, {r_.weight_bits, r_.activation_bits, r_.end_bits, r_.few_levels}));
    network_ = quantised_->graph;
    training_.rounding = quantised_->rounding;
    return done();
  }

  // x = (byte - mean) * (1 / std), as the training step does.
  void normalise(const uint8_t* from, size_t n, float* to) const {
    const InputOptions& in = training_.input;
    const size_t channels = static_cast<size_t>(train_.picture_size().channels);
    for (size_t i = 0; i < n; ++i) {
      const size_t c = i % channels;
      to[i] = (static_cast<float>(from[i]) - in.mean[std::min(c, in.mean.size() - 1)]) * (1 / in.std[std::min(c, in.std.size() - 1)]);
    }
  }

  // The network as it will be deployed, for samples as they are read; integers take them normalised.
  Result<Graph> deployed(const Graph& trained, int64_t batch) const {
    if (quantised_) return integer_graph(*quantised_, trained, batch);
    Graph graph = trained;
    VERGE_CHECK(set_batch(graph, batch));
    VERGE_CHECK(passes::prepare(graph));
    return graph;
  }

  // Values are made again instead of kept until a session fits into memory_kb; then the batch is halved.
  Result<void> make_trainer() {
    for (;; training_.batch /= 2) {
      if (!r_.teacher.empty()) VERGE_CHECK(load_teacher(r_.teacher, train_.classes(), training_.batch, training_.teacher));
      TrainingOptions options = training_;
      if (r_.memory_kb > 0) {
        VERGE_TRY(options, fit_into(network_, training_, static_cast<size_t>(r_.memory_kb * 1024), o_.threads));
      }
      VERGE_TRY(Trainer trainer, Trainer::create(network_, options, o_.threads));
      const double kb = static_cast<double>(trainer.memory_bytes()) / 1024;
      if (r_.memory_kb <= 0 || kb <= r_.memory_kb) {
        training_ = std::move(options);
        trainer_.emplace(std::move(trainer));
        return done();
      }
      if (training_.batch == 1)
        return Error(Code::kBudget, format("training one sample takes %.0f KB, \"memory_kb\" allows %.0f; train less (\"trained\"), or allow more", kb, r_.memory_kb));
    }
  }

  Result<void> check_classes() {
    if (training_.reconstruct) return done();
    const TensorType& y = network_.type(network_.outputs()[0]);
    const int64_t outputs = y.dims.empty() ? 0 : y.dims.back().size;
    if (outputs == static_cast<int64_t>(train_.class_count())) return done();
    return invalid("the network has " + std::to_string(outputs) + " outputs, the data have " + std::to_string(train_.class_count()) + " classes" +
                   (train_.classes().empty() ? "" : " (" + join(train_.classes(), ", ") + ")"));
  }

  Result<void> take_samples(const ExampleOptions& options) {
    if (o_.samples) {
      train_ = *o_.samples, check_ = *o_.judges;
      return done();
    }
    VERGE_TRY(Examples all, Examples::load(options, pool_.parallel_for()));
    return split(std::move(all), options);
  }

  // What judges: other data, or a share of these.
  Result<void> split(Examples all, ExampleOptions options) {
    if (!o_.validation.empty()) {
      options.data.path = o_.validation;
      options.data.class_names = all.classes();
      VERGE_TRY(check_, Examples::load(options, pool_.parallel_for()));
      train_ = std::move(all);
      return done();
    }
    VERGE_TRY(std::tie(train_, check_), all.split(r_.validation), "'" + o_.data.path + "'");
    return done();
  }

  int64_t total_steps() const { return o_.most_steps > 0 ? o_.most_steps : r_.epochs * steps_an_epoch_; }
  double share() const {
    const double by_steps = static_cast<double>(step_) / static_cast<double>(total_steps());
    return o_.most_seconds > 0 ? std::max(by_steps, (now_s() - start_) / o_.most_seconds) : by_steps;
  }
  bool time_is_up() const { return o_.most_seconds > 0 && now_s() - start_ >= o_.most_seconds; }
  bool stopped() const { return (o_.interrupted && o_.interrupted->load()) || (o_.stop_after_steps > 0 && step_ >= o_.stop_after_steps); }

  // The order of an epoch's samples: by its number and the seed alone.
  void order_samples(int64_t epoch) {
    if (epoch == ordered_) return;
    order_.resize(train_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    Random random({r_.seed, kOrder, static_cast<uint64_t>(epoch)});
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
    ordered_ = epoch;
  }

  Result<void> fill_batch(int64_t epoch) {
    order_samples(epoch);
    const size_t first = static_cast<size_t>(step_ % steps_an_epoch_) * batch_, bytes = train_.sample_bytes();
    auto* to = trainer_->input().mut<uint8_t>();
    float* target = training_.reconstruct ? nullptr : trainer_->target().mut<float>();
    std::vector<Result<void>> failed(batch_);
    pool_.parallel_for().each(batch_, [&](size_t i) {
      const size_t sample = order_[first + i];
      failed[i] = train_.read(sample, to + i * bytes);
      if (!train_.pictures()) {
        if (!training_.reconstruct && changes_sounds(r_.augmentation))
          augment_sound(r_.augmentation, bytes / sizeof(float), Random({r_.seed, kAugment, static_cast<uint64_t>(epoch), sample}), reinterpret_cast<float*>(to + i * bytes),
                        reinterpret_cast<float*>(spare_.data() + i * bytes));
        return;
      }
      if (r_.augmentation.any())
        augment(r_.augmentation, train_.picture_size(), Random({r_.seed, kAugment, static_cast<uint64_t>(epoch), sample}), to + i * bytes, spare_.data() + i * bytes);
      if (r_.drift.any() && !Random({r_.seed, kReplay, static_cast<uint64_t>(epoch), sample}).chance(r_.drift.replay)) apply_drift(to + i * bytes);
    });
    for (Result<void>& f : failed)
      if (!f.ok()) return std::move(f).error();
    mix_ = r_.mixup > 0 ? draw_mix(epoch) : Mix{};
    if (mix_.share < 1) mix_samples(to, batch_ * bytes);
    if (target) fill_target(first, target);
    return done();
  }

  void apply_drift(uint8_t* picture) const {
    for (size_t i = 0; i < train_.sample_bytes(); ++i) picture[i] = drifted_[picture[i]];
  }

  // Each sample of a batch keeps this share of itself, the rest is of the one so many places further (Zhang et al. 2018).
  struct Mix {
    double share = 1;
    size_t further = 0;
  };

  // The share is of a beta distribution with both parameters the recipe's (Johnk's way).
  Mix draw_mix(int64_t epoch) const {
    if (batch_ < 2) return {};
    Random random({r_.seed, kMix, static_cast<uint64_t>(epoch), static_cast<uint64_t>(step_)});
    double a, b;
    do a = std::pow(random.uniform(), 1 / r_.mixup), b = std::pow(random.uniform(), 1 / r_.mixup);
    while (a + b > 1 || a + b == 0);
    return {a / (a + b), 1 + random.below(batch_ - 1)};
  }

  void mix_samples(uint8_t* samples, size_t bytes) {
    const size_t from = mix_.further * train_.sample_bytes();
    spare_.assign(samples, samples + bytes);
    const auto blend = [&](auto* to, const auto* as_they_were, size_t n, size_t shift, double half) {
      for (size_t i = 0; i < n; ++i)
        to[i] = static_cast<std::remove_reference_t<decltype(*to)>>(mix_.share * static_cast<double>(as_they_were[i]) + (1 - mix_.share) * static_cast<double>(as_they_were[(i + shift) % n]) + half);
    };
    if (train_.pictures()) blend(samples, spare_.data(), bytes, from, 0.5);
    else blend(reinterpret_cast<float*>(samples), reinterpret_cast<const float*>(spare_.data()), bytes / sizeof(float), from / sizeof(float), 0.0);
  }

  // Their mean over the samples is 1.
  void weigh_classes() {
    if (training_.reconstruct) return;
    std::vector<double> counts(train_.class_count());
    for (size_t i = 0; i < train_.size(); ++i) ++counts[static_cast<size_t>(train_.label(i))];
    class_weights_.assign(counts.size(), 1);
    double sum = 0;
    for (size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] > 0) class_weights_[c] = std::pow(counts[c] / static_cast<double>(train_.size()), -r_.balance);
      sum += counts[c] * class_weights_[c];
    }
    for (double& w : class_weights_) w *= static_cast<double>(train_.size()) / sum;
  }

  void fill_target(size_t first, float* target) {
    const size_t classes = train_.class_count();
    labels_.resize(batch_);
    for (size_t i = 0; i < batch_; ++i) {
      labels_[i] = train_.label(order_[first + i]);
      float* row = target + i * classes;
      std::fill_n(row, classes, 0.0F);
      add_label(labels_[i], mix_.share, row);
      if (mix_.share < 1) add_label(train_.label(order_[first + (i + mix_.further) % batch_]), 1 - mix_.share, row);
    }
  }

  void add_label(int label, double share, float* row) const {
    const size_t classes = train_.class_count();
    const double weight = share * class_weights_[static_cast<size_t>(label)];
    for (size_t c = 0; c < classes; ++c) row[c] += static_cast<float>(weight * r_.smoothing / static_cast<double>(classes));
    row[label] += static_cast<float>(weight * (1 - r_.smoothing));
  }

  Result<void> train_step() {
    const int64_t epoch = step_ / steps_an_epoch_;
    if (step_ % steps_an_epoch_ == 0) epoch_start_ = now_s(), epoch_first_ = step_;
    VERGE_CHECK(fill_batch(epoch));
    rate_ = rate_at(r_, share());
    if (sparse_) sparse_->before_step();
    VERGE_TRY(const float loss, trainer_->step(rate_));
    if (sparse_) sparse_->after_step();
    if (clustered_) clustered_->after_step();
    ++step_;
    if (sparse_ && step_ % std::max<int64_t>(1, total_steps() / kPrunings) == 0) sparse_->prune(sparsity_at(r_.sparsity, share()));
    if (!std::isfinite(loss))
      return Error(Code::kBudget, "the loss is " + std::string(std::isnan(loss) ? "not a number" : "infinite") + " at step " + std::to_string(step_) + " of epoch " + std::to_string(epoch + 1) +
                                      format(", rate %g", rate_) + ": lower \"optimizer.rate\", or bound the gradients with \"optimizer: {clip_norm: 1}\"" +
                                      (o_.checkpoint.empty() || history_.empty() ? "" : "; '" + o_.checkpoint + "' holds the state after epoch " + std::to_string(history_.size())));
    loss_sum_ += static_cast<double>(loss);
    ++loss_count_;
    count_hits();
    if (progress_) {
      const double seconds = std::max(1e-9, now_s() - epoch_start_);
      progress_({share(), epoch + 1, r_.epochs, loss_sum_ / static_cast<double>(loss_count_), static_cast<double>((step_ - epoch_first_) * training_.batch) / seconds});
    }
    return done();
  }

  void count_hits() {
    if (training_.reconstruct) return;
    const size_t classes = train_.class_count();
    const float* y = trainer_->output().as<float>();
    for (size_t i = 0; i < batch_; ++i) hits_ += std::max_element(y + i * classes, y + (i + 1) * classes) - (y + i * classes) == labels_[i];
  }

  Result<void> end_epoch() {
    const double seconds = now_s() - epoch_start_;
    Json line = {{"epoch", history_.size() + 1}, {"steps", step_}, {"rate", rate_}, {"loss", loss_sum_ / static_cast<double>(std::max<int64_t>(1, loss_count_))}};
    if (!training_.reconstruct) line["train_top1"] = static_cast<double>(hits_) / static_cast<double>(std::max<int64_t>(1, loss_count_) * training_.batch);
    if (check_.size() > 0) {
      VERGE_TRY(const Json judged, scores());
      line.update(judged);
    }
    if (sparse_) line["zeros"] = sparse_->share();
    line["seconds"] = seconds;
    line["samples_per_second"] = static_cast<double>((step_ - epoch_first_) * training_.batch) / seconds;
    history_.push_back(std::move(line));
    loss_sum_ = 0, loss_count_ = 0, hits_ = 0;
    return save();
  }

  // top1 or mse; where the pictures drift also top1_clean, of those that do not.
  Result<Json> scores() {
    VERGE_TRY(Json out, evaluate(r_.drift.any()));
    if (!r_.drift.any()) return out;
    VERGE_TRY(const Json clean, evaluate(false));
    out["top1_clean"] = clean["top1"];
    return out;
  }

  // The network as it is now on the samples that judge, through lowering, Program and runtime as it will be deployed.
  Result<Json> evaluate(bool drifts) {
    constexpr int64_t kBatch = 50;
    Graph trained = trainer_->trained();
    if (!quantised_) {
      VERGE_TRY(trained, with_normalisation(trained, training_.input));
    }
    VERGE_TRY(const Graph graph, deployed(trained, kBatch));
    VERGE_TRY(const Lowered lowered, lower(graph, {o_.threads}));
    VERGE_TRY(Executable executable, Executable::open(lowered.program, {o_.threads}));
    double squares = 0;
    Confusion confusion(training_.reconstruct ? 0 : std::max(train_.class_count(), check_.class_count()));
    outputs_.clear();
    for (size_t first = 0; first < check_.size(); first += kBatch) {
      const size_t n = std::min<size_t>(kBatch, check_.size() - first), bytes = check_.sample_bytes();
      Bytes pictures(quantised_ ? kBatch * bytes : 0);
      auto* to = quantised_ ? pictures.data() : executable.session().input(0).mut<uint8_t>();
      std::vector<Result<void>> failed(n);
      std::memset(to, 0, kBatch * bytes);
      pool_.parallel_for().each(n, [&](size_t i) {
        failed[i] = check_.read(first + i, to + i * bytes);
        if (drifts) apply_drift(to + i * bytes);
      });
      for (Result<void>& f : failed)
        if (!f.ok()) return std::move(f).error();
      const std::vector<float> x = training_.reconstruct ? std::vector<float>(reinterpret_cast<float*>(to), reinterpret_cast<float*>(to) + n * bytes / sizeof(float)) : std::vector<float>();
      if (quantised_) normalise(to, kBatch * bytes, executable.session().input(0).mut<float>());
      VERGE_CHECK(executable.run());
      const TensorView& y = executable.session().output(0);
      const size_t width = static_cast<size_t>(y.shape.count()) / kBatch;
      outputs_.insert(outputs_.end(), y.as<float>(), y.as<float>() + n * width);
      for (size_t i = 0; i < n; ++i) {
        const float* row = y.as<float>() + i * width;
        if (training_.reconstruct) {
          for (size_t k = 0; k < width; ++k) squares += std::pow(static_cast<double>(row[k]) - static_cast<double>(x[i * width + k]), 2) / static_cast<double>(width);
        } else {
          confusion.add(check_.label(first + i), std::max_element(row, row + width) - row);
        }
      }
    }
    if (training_.reconstruct) return Json{{"mse", squares / static_cast<double>(check_.size())}};
    confusion_ = confusion.rows();
    Json judged = {{"top1", confusion.top1()}, {"macro_f1", confusion.macro_f1()}};
    judged.update(more_metrics());
    return judged;
  }

  Json more_metrics() const {
    const Node* last = network_.producer(network_.outputs()[0]);
    std::vector<int> labels;
    for (size_t i = 0; i < check_.size(); ++i) labels.push_back(check_.label(i));
    return classifier_metrics(outputs_, labels, !last || last->op != "softmax");
  }

  Json checkpoint_header() const { return {{"recipe", r_.source}, {"data", o_.data.path}, {"step", step_}, {"before", before_}, {"history", history_}, {"loss_sum", loss_sum_}, {"loss_count", loss_count_}, {"hits", hits_}}; }

  Result<void> save() {
    if (o_.checkpoint.empty()) return done();
    Bytes state = trainer_->state();
    if (clustered_) {
      const Bytes behind = clustered_->state();
      state.insert(state.end(), behind.begin(), behind.end());
    }
    return write_checkpoint(o_.checkpoint, {checkpoint_header(), std::move(state)});
  }

  Result<void> go_on() {
    VERGE_TRY(const Checkpoint c, read_checkpoint(o_.checkpoint));
    if (c.header["recipe"] != r_.source) return invalid("'" + o_.checkpoint + "' is of another recipe; begin anew without --resume, or give the recipe that it was made with");
    step_ = c.header["step"].get<int64_t>();
    before_ = c.header.value("before", Json::object()), history_ = c.header["history"];
    loss_sum_ = c.header["loss_sum"].get<double>(), loss_count_ = c.header["loss_count"].get<int64_t>(), hits_ = c.header["hits"].get<int64_t>();
    epoch_start_ = now_s(), epoch_first_ = step_;
    const size_t behind = clustered_ ? std::min(clustered_->bytes(), c.state.size()) : 0;
    VERGE_CHECK(trainer_->set_state(ByteSpan(c.state).first(c.state.size() - behind), step_));
    if (clustered_) clustered_->set_state(ByteSpan(c.state).last(behind));
    return done();
  }

  Result<FitOutcome> interrupted_outcome() {
    VERGE_CHECK(save());
    FitOutcome out;
    out.interrupted = true;
    out.report = report();
    return out;
  }

  Json report() const {
    Json out = {{"recipe", r_.source}, {"samples", train_.size()}, {"data_sha256", train_.sha256()}, {"validation_samples", check_.size()}, {"skipped", train_.skipped()}, {"classes", train_.classes()},
            {"parameters", parameter_count()}, {"training_memory_bytes", trainer_->memory_bytes()}, {"remade_values", training_.remade.size()}, {"threads", o_.threads}, {"steps", step_}, {"history", history_},
            {"batch", training_.batch}, {"before", before_}, {"seconds", now_s() - start_}};
    if (!pruning_.is_null()) out["pruning"] = pruning_;
    if (!sparse_update_.is_null()) out["sparse_update"] = sparse_update_;
    return out;
  }

  int64_t parameter_count() const {
    int64_t n = 0;
    for (uint32_t i = 0; i < network_.value_count(); ++i)
      if (const Tensor* t = network_.constant(ValueId{i}); t && t->dtype() == DataType::kF32) n += t->count();
    return n;
  }

  Result<FitOutcome> outcome() {
    FitOutcome out;
    out.network = trainer_->trained();
    out.report = report();
    VERGE_TRY(out.unfused, for_export(out.network));
    describe_for_others(out.unfused);
    if (check_.size() > 0) out.outputs = Tensor::of({static_cast<int32_t>(check_.size()), static_cast<int32_t>(outputs_.size() / check_.size())}, outputs_);
    if (!confusion_.empty()) out.report["confusion"] = confusion_;
    VERGE_TRY(out.package, package(out.network));
    out.report["package_bytes"] = out.package.size();
    return out;
  }

  Json manifest() const {
    Json m = {{"name", r_.model.substr(r_.model.rfind('/') + 1)}, {"created_by", "verge train"}};
    if (train_.pictures()) m["pipeline"] = declaration_json(declaration());
    if (!train_.classes().empty()) m["labels"] = train_.classes();
    m["training"] = {{"recipe", r_.source}, {"samples", train_.size()}, {"data_sha256", train_.sha256()}, {"steps", step_}};
    if (!history_.empty() && history_.back().contains("top1")) m["validation"] = {{"samples", check_.size()}, {"top1", history_.back()["top1"]}};
    return m;
  }

  Declaration declaration() const {
    Declaration d;
    d.layout = Layout::kNhwc;
    if (train_.picture_size().channels == 1) d.color = ColorOrder::kGray;
    const auto spread = [](const std::vector<float>& from, std::array<float, 3>& to) {
      for (size_t i = 0; i < 3; ++i) to[i] = from[std::min(i, from.size() - 1)];
    };
    spread(training_.input.mean, d.mean);
    spread(training_.input.std, d.std);
    return d;
  }

  // What a file for other engines says of its input and output.
  void describe_for_others(Graph& graph) const {
    graph.metadata.clear();
    if (train_.pictures() && is_architecture(r_.model)) graph.value(graph.inputs()[0]).name = "image";
    if (train_.pictures()) graph.metadata["verge.pipeline"] = declaration_json(declaration()).dump();
    if (!train_.classes().empty()) graph.metadata["verge.labels"] = Json(train_.classes()).dump();
  }

  Result<Graph> for_export(Graph network) const {
    if (quantised_) return integer_graph(*quantised_, network, 1);
    VERGE_CHECK(set_batch(network, 1));
    VERGE_CHECK(passes::prepare_unfused(network));
    return network.compacted();
  }

  Result<Bytes> package(const Graph& network) const {
    VERGE_TRY(const Graph graph, deployed(network, 1));
    VERGE_TRY(const Lowered lowered, lower(graph));
    VERGE_TRY(Executable executable, Executable::open(lowered.program));
    const TensorType& in = graph.type(graph.inputs()[0]);
    const std::vector<Tensor> golden = {seeded_tensor(in.dtype, in.shape(), 1)};
    VERGE_TRY(const std::vector<Tensor> answers, executable.run(golden));
    PackageContents contents;
    contents.manifest = manifest();
    contents.program = lowered.program;
    contents.golden.push_back({golden, answers});
    contents.packed = r_.compress;
    return make_package(contents);
  }

  const FitOptions& o_;
  const Recipe& r_;
  const std::function<void(const FitProgress&)>& progress_;
  ThreadPool pool_;
  Graph network_;
  TrainingOptions training_;
  Examples train_, check_;
  std::optional<Trainer> trainer_;
  std::optional<QuantisedNetwork> quantised_;
  std::optional<SparseWeights> sparse_;
  std::optional<ClusteredWeights> clustered_;
  std::vector<float> outputs_;  // of the last evaluation
  std::vector<std::vector<int64_t>> confusion_;
  size_t batch_ = 0;
  int64_t step_ = 0, steps_an_epoch_ = 0, ordered_ = -1, epoch_first_ = 0;
  std::vector<size_t> order_;
  std::vector<int> labels_;
  Mix mix_;
  std::vector<double> class_weights_;
  Bytes spare_;
  double start_ = 0, epoch_start_ = 0, rate_ = 0, loss_sum_ = 0;
  int64_t loss_count_ = 0, hits_ = 0;
  Json history_ = Json::array(), before_ = Json::object(), pruning_, sparse_update_;
  std::array<uint8_t, 256> drifted_{};
};

}  // namespace

Result<FitOutcome> fit(const FitOptions& options, const std::function<void(const FitProgress&)>& progress) { return Run(options, progress).run(); }

}  // namespace verge::train
