#include "train/recipe.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "core/text.h"

namespace verge::train {
namespace {

// A plain scalar is a number or a truth value where it reads as one.
Json scalar(const YAML::Node& node) {
  const std::string text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  char* end = nullptr;
  const long long whole = std::strtoll(text.c_str(), &end, 10);
  if (end != text.c_str() && *end == 0) return whole;
  const double real = std::strtod(text.c_str(), &end);
  if (end != text.c_str() && *end == 0) return real;
  return text;
}

Json to_json(const YAML::Node& node) {
  if (node.IsScalar()) return scalar(node);
  Json out = node.IsSequence() ? Json::array() : Json::object();
  if (node.IsSequence())
    for (const YAML::Node& item : node) out.push_back(to_json(item));
  else if (node.IsMap())
    for (const auto& pair : node) out[pair.first.Scalar()] = to_json(pair.second);
  else return nullptr;
  return out;
}

// Reads the keys of one section; the first thing that is wrong stays.
class Section {
 public:
  Section(const Json& json, std::string name) : json_(json), name_(std::move(name)) {
    if (!json.is_object()) fail("is " + json.dump() + ", wants keys with values");
  }

  void real(const char* key, double& out, double low, double high) {
    if (const Json* v = find(key)) {
      if (!v->is_number() || !(v->get<double>() >= low && v->get<double>() <= high)) return fail(key, *v, format("a number from %g to %g", low, high));
      out = v->get<double>();
    }
  }
  template <typename Int> void integer(const char* key, Int& out, int64_t low, int64_t high) {
    if (const Json* v = find(key)) {
      if (!v->is_number_integer() || v->get<int64_t>() < low || v->get<int64_t>() > high) return fail(key, *v, "an integer from " + std::to_string(low) + " to " + std::to_string(high));
      out = static_cast<Int>(v->get<int64_t>());
    }
  }
  void flag(const char* key, bool& out) {
    if (const Json* v = find(key)) {
      if (!v->is_boolean()) return fail(key, *v, "true or false");
      out = v->get<bool>();
    }
  }
  bool is_text(const char* key) { return json_.is_object() && json_.contains(key) && json_[key].is_string(); }
  void text(const char* key, std::string& out) {
    if (const Json* v = find(key)) {
      if (!v->is_string()) return fail(key, *v, "text");
      out = v->get<std::string>();
    }
  }
  template <typename T> void numbers(const char* key, std::vector<T>& out) {
    if (const Json* v = find(key)) {
      if (!v->is_array() || !std::all_of(v->begin(), v->end(), [](const Json& n) { return n.is_number(); })) return fail(key, *v, "a list of numbers");
      out = v->get<std::vector<T>>();
    }
  }
  void texts(const char* key, std::vector<std::string>& out) {
    if (const Json* v = find(key)) {
      if (!v->is_array() || !std::all_of(v->begin(), v->end(), [](const Json& n) { return n.is_string(); })) return fail(key, *v, "a list of names");
      out = v->get<std::vector<std::string>>();
    }
  }
  void counts(const char* key, std::map<std::string, size_t>& out) {
    if (const Json* v = find(key)) {
      if (!v->is_object() || !std::all_of(v->begin(), v->end(), [](const Json& n) { return n.is_number_integer() && n.get<int64_t>() > 0; })) return fail(key, *v, "names with a number from 1");
      out = v->get<std::map<std::string, size_t>>();
    }
  }
  template <typename Enum> void choice(const char* key, Enum& out, const std::vector<std::pair<const char*, Enum>>& known) {
    const Json* v = find(key);
    if (!v) return;
    std::vector<std::string> names;
    for (const auto& [name, value] : known) {
      if (v->is_string() && v->get<std::string>() == name) {
        out = value;
        return;
      }
      names.emplace_back(name);
    }
    fail(key, *v, "one of " + join(names, ", "));
  }
  // A list of sections.
  void parts(const char* key, const std::function<void(Section&)>& body) {
    const Json* v = find(key);
    if (!v) return;
    if (!v->is_array()) return fail(key, *v, "a list");
    for (size_t i = 0; i < v->size(); ++i) read_inside((*v)[i], key + std::string(" ") + std::to_string(i + 1), body);
  }
  void part(const char* key, const std::function<void(Section&)>& body) {
    if (const Json* v = find(key)) read_inside(*v, key, body);
  }
  void no_other_keys() {
    for (const auto& [key, value] : json_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) fail("has the unknown key '" + key + "'; known: " + join(known_, ", "));
  }
  const std::string& error() const { return error_; }

 private:
  void read_inside(const Json& json, const std::string& key, const std::function<void(Section&)>& body) {
    Section inside(json, name_.empty() ? key : name_ + "." + key);
    if (inside.error_.empty()) body(inside);
    inside.no_other_keys();
    if (error_.empty()) error_ = inside.error_;
  }
  const Json* find(const char* key) {
    known_.emplace_back(key);
    return json_.is_object() && json_.contains(key) ? &json_[key] : nullptr;
  }
  void fail(const char* key, const Json& found, const std::string& wanted) { fail((name_.empty() ? "" : ".") + std::string(key) + " is " + found.dump() + ", wants " + wanted); }
  void fail(const std::string& what) {
    if (error_.empty()) error_ = (name_.empty() ? (what[0] == 'h' || what[0] == 'i' ? "the recipe " : "") : name_ + (what[0] == '.' ? "" : " ")) + what;
  }

  const Json& json_;
  std::string name_, error_;
  std::vector<std::string> known_;
};

void read_input(Section& s, Recipe& r) {
  s.numbers("size", r.network.input);
  s.numbers("mean", r.training.input.mean);
  s.numbers("std", r.training.input.std);
  s.real("rescale", r.rescale, 1e-6, 1e6);
}

void read_data(Section& s, Recipe& r) {
  s.real("validation", r.validation, 0, 0.9);
  s.choice("damaged", r.skip_damaged, {{"error", false}, {"skip", true}});
}

void read_quantization(Section& s, Recipe& r) {
  r.weight_bits = 8;
  if (s.is_text("weights")) s.choice("weights", r.few_levels, {{"ternary", FewLevels::kTernary}, {"binary", FewLevels::kBinary}});
  else s.integer("weights", r.weight_bits, 2, 8);
  s.integer("activations", r.activation_bits, 2, 8);
  s.integer("ends", r.end_bits, 2, 8);
}

void read_pruning(Section& s, Recipe& r) {
  s.real("macs", r.prune.macs, 0.01, 1);
  s.choice("criterion", r.prune.criterion, {{"taylor", prune::Criterion::kTaylor}, {"magnitude", prune::Criterion::kMagnitude}, {"norm", prune::Criterion::kNorm}});
  s.integer("multiple", r.prune.multiple, 1, 4096);
  s.integer("rounds", r.prune.rounds, 1, 1000);
  s.texts("blocks", r.prune.blocks);
  s.counts("channels", r.prune.channels);
  s.flag("reconstruct", r.prune.reconstruct);
}

void read_sparsity(Section& s, Recipe& r) {
  s.real("share", r.sparsity.share, 0, 0.999);
  s.real("begin", r.sparsity.begin, 0, 1);
  s.real("end", r.sparsity.end, 0, 1);
  s.integer("block", r.sparsity.block, 1, 64);
}

void read_adapters(Section& s, Recipe& r) {
  r.training.adapters.rank = 4;
  s.integer("rank", r.training.adapters.rank, 1, 4096);
  s.real("scale", r.training.adapters.scale, 0, 1000);
}

void read_distillation(Section& s, Recipe& r) {
  Teacher& t = r.training.teacher;
  t.input = r.training.input;
  s.text("teacher", r.teacher);
  s.real("temperature", t.temperature, 0.1, 100);
  s.real("weight", t.weight, 0, 1);
  s.numbers("mean", t.input.mean);
  s.numbers("std", t.input.std);
}

void read_drift(Section& s, Recipe& r) {
  s.real("gain", r.drift.gain, 0, 100);
  s.real("shift", r.drift.shift, -255, 255);
  s.real("replay", r.drift.replay, 0, 1);
}

void read_augmentation(Section& s, Recipe& r) {
  Augmentation& a = r.augmentation;
  s.flag("flip", a.flip);
  s.flag("flip_vertical", a.flip_vertical);
  s.flag("turn", a.turn);
  s.integer("crop", a.crop, 0, 1000);
  s.integer("cutout", a.cutout, 0, 10000);
  s.real("brightness", a.brightness, 0, 1);
  s.real("contrast", a.contrast, 0, 1);
  s.real("saturation", a.saturation, 0, 1);
  s.integer("fill", a.fill, 0, 255);
  s.real("mixup", r.mixup, 0, 100);
  s.integer("shift", a.shift, 0, 1000000);
  s.real("loudness", a.loudness, 0, 1);
  s.real("noise", a.noise, 0, 1);
}

void read_loss(Section& s, Recipe& r) {
  s.choice("type", r.training.loss, {{"cross_entropy", Loss::kCrossEntropy}, {"focal", Loss::kFocal}, {"binary_cross_entropy", Loss::kBinaryCrossEntropy}, {"mse", Loss::kMse}, {"huber", Loss::kHuber}});
  s.real("gamma", r.training.gamma, 0, 20);
  s.real("smoothing", r.smoothing, 0, 0.9);
  s.real("balance", r.balance, 0, 2);
  s.flag("reconstruct", r.training.reconstruct);
}

void read_optimizer(Section& s, Recipe& r) {
  TrainingOptions& t = r.training;
  s.choice("type", t.optimizer, {{"sgd", Optimizer::kSgd}, {"adam", Optimizer::kAdam}, {"adamw", Optimizer::kAdamW}, {"lion", Optimizer::kLion}, {"lamb", Optimizer::kLamb}});
  s.real("rate", r.rate, 0, 1e6);
  s.real("momentum", t.momentum, 0, 1);
  s.flag("nesterov", t.nesterov);
  s.real("beta1", t.beta1, 0, 1);
  s.real("beta2", t.beta2, 0, 1);
  s.real("epsilon", t.epsilon, 0, 1);
  s.real("decay", t.decay, 0, 1e3);
  s.real("clip_norm", t.clip_norm, 0, 1e9);
  s.real("ema", t.ema, 0, 0.999999);
}

void read_schedule(Section& s, Recipe& r) {
  s.choice("type", r.schedule, {{"constant", Schedule::kConstant}, {"cosine", Schedule::kCosine}, {"one_cycle", Schedule::kOneCycle}, {"step", Schedule::kStep}});
  s.real("warmup", r.warmup, 0, 1);
  s.numbers("milestones", r.milestones);
  s.real("gamma", r.gamma, 0, 1);
}

void read_stage(Section& s, Recipe& r) {
  Stage& stage = r.network.stages.emplace_back();
  s.choice("kind", stage.kind, {std::begin(kStageKinds), std::end(kStageKinds)});
  s.integer("channels", stage.channels, 1, 4096);
  s.integer("stride", stage.stride, 1, 4);
  s.integer("kernel", stage.kernel, 1, 15);
  s.integer("expand", stage.expand, 1, 8);
}

void read_recipe(Section& s, Recipe& r) {
  s.text("model", r.model);
  s.parts("stages", [&](Section& p) { read_stage(p, r); });
  s.part("input", [&](Section& p) { read_input(p, r); });
  s.part("data", [&](Section& p) { read_data(p, r); });
  s.flag("fold", r.fold);
  s.flag("normalise", r.normalise);
  s.part("quantize", [&](Section& p) { read_quantization(p, r); });
  s.part("prune", [&](Section& p) { read_pruning(p, r); });
  s.part("sparsity", [&](Section& p) { read_sparsity(p, r); });
  s.part("cluster", [&](Section& p) { p.integer("values", r.clusters = 16, 2, 4096); });
  s.part("adapters", [&](Section& p) { read_adapters(p, r); });
  s.flag("compress", r.compress);
  s.part("distill", [&](Section& p) { read_distillation(p, r); });
  s.part("drift", [&](Section& p) { read_drift(p, r); });
  s.real("memory_kb", r.memory_kb, 0, 1e9);
  s.real("sparse_update_kb", r.sparse_update_kb, 0, 1e9);
  s.part("augment", [&](Section& p) { read_augmentation(p, r); });
  s.part("loss", [&](Section& p) { read_loss(p, r); });
  s.part("optimizer", [&](Section& p) { read_optimizer(p, r); });
  s.part("schedule", [&](Section& p) { read_schedule(p, r); });
  s.real("width", r.network.width, 0.05, 16);
  s.integer("classes", r.network.classes, 1, 1000000);
  s.integer("epochs", r.epochs, 1, 1000000);
  s.integer("batch", r.training.batch, 1, 65536);
  s.integer("accumulate", r.training.accumulate, 1, 65536);
  s.real("dropout", r.training.dropout, 0, 0.95);
  s.integer("seed", r.seed, 0, INT64_MAX);
  s.texts("frozen", r.training.frozen);
  s.texts("trained", r.training.trained);
  s.real("norm_momentum", r.training.norm_momentum, 0, 1);
  s.no_other_keys();
}

// Half a cosine from `first` to `last`.
double eased(double first, double last, double share) { return last + (first - last) * (1 + std::cos(3.14159265358979324 * share)) / 2; }

}  // namespace

Result<Recipe> parse_recipe(const std::string& yaml, const std::string& file) {
  Recipe r;
  try {
    r.source = to_json(YAML::Load(yaml));
  } catch (const YAML::Exception& e) {
    return invalid("recipe '" + file + "': " + e.what());
  }
  Section section(r.source, "");
  if (section.error().empty()) read_recipe(section, r);
  if (!section.error().empty()) return invalid("recipe '" + file + "': " + section.error());
  if (r.model.empty()) return invalid("recipe '" + file + "': names no model; as in \"model: resnet8\", known: " + join(network_names(), ", ") + ", or a model file");
  if (r.sparsity.share > 0 && r.training.ema > 0) return invalid("recipe '" + file + "': \"optimizer.ema\" and \"sparsity\" exclude each other: averages of weights are never zero");
  if (r.clusters > 0 && (r.weight_bits > 0 || r.sparsity.share > 0 || r.training.ema > 0 || r.training.adapters.rank > 0))
    return invalid("recipe '" + file + "': \"cluster\" goes with none of \"quantize\", \"sparsity\", \"optimizer.ema\" and \"adapters\": each would undo what weights share");
  if (r.training.adapters.rank > 0 && r.training.ema > 0) return invalid("recipe '" + file + "': \"optimizer.ema\" and \"adapters\" exclude each other: averages are of the network's own parameters");
  r.network.seed = r.training.seed = r.seed;
  return r;
}

double rate_at(const Recipe& r, double progress) {
  const double p = std::clamp(progress, 0.0, 1.0);
  switch (r.schedule) {
    case Schedule::kOneCycle: {
      const double rise = r.warmup > 0 ? r.warmup : 0.3;
      return p < rise ? eased(r.rate / 25, r.rate, p / rise) : eased(r.rate, r.rate / 25e4, (p - rise) / (1 - rise));
    }
    case Schedule::kCosine: return p < r.warmup ? r.rate * p / r.warmup : eased(r.rate, 0, (p - r.warmup) / std::max(1e-9, 1 - r.warmup));
    case Schedule::kStep: {
      double rate = p < r.warmup ? r.rate * p / r.warmup : r.rate;
      for (double at : r.milestones) rate *= p >= at ? r.gamma : 1;
      return rate;
    }
    case Schedule::kConstant: break;
  }
  return p < r.warmup ? r.rate * p / r.warmup : r.rate;
}

}  // namespace verge::train
