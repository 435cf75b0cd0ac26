#include "formats/keras/keras.h"

#include <algorithm>
#include <map>

#include "core/text.h"
#include "formats/blockers.h"
#include "formats/keras/hdf5.h"
#include "formats/keras/layer.h"
#include "formats/zip.h"
#include "ops/op.h"

namespace verge::formats::keras {
namespace {

const Json& entry(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::string text_of(const Json& v) { return v.is_string() ? v.get<std::string>() : ""; }

// A layer's configuration and the layers whose outputs it reads.
struct Entry {
  std::string class_name, name;
  const Json* config = nullptr;
  std::vector<std::string> from;
};

// Names in a reference of Keras 2, ["conv", 0, 0, {}], or in the arguments of a call of Keras 3; lists of them in order.
void find_sources(const Json& call, std::vector<std::string>& out) {
  if (call.is_array() && call.size() >= 3 && call[0].is_string() && call[1].is_number() && call[2].is_number()) {
    out.push_back(call[0].get<std::string>());
  } else if (call.is_array()) {
    for (const Json& part : call) find_sources(part, out);
  } else if (entry(call, "class_name") == "__keras_tensor__") {
    find_sources(entry(entry(call, "config"), "keras_history"), out);
  } else if (call.is_object()) {
    find_sources(entry(call, "args"), out);
  }
}

std::vector<std::string> sources_of(const Json& call) {
  std::vector<std::string> out;
  find_sources(call, out);
  return out;
}

// Where a model's weights lie, by layer.
class Weights {
 public:
  virtual ~Weights() = default;
  // In Keras' order; none for a layer without weights.
  virtual Result<std::vector<Tensor>> of(const Entry& layer) = 0;
};

class Importer {
 public:
  Importer(const Json& model, Weights& weights, const ImportOptions& options, ImportNotes* notes) : model_(model), weights_(weights), options_(options), notes_(notes) {}

  Result<Graph> run() {
    const Json& config = entry(model_, "config");
    const std::string kind = text_of(entry(model_, "class_name"));
    const Json& layers = config.is_array() ? config : entry(config, "layers");
    if (!layers.is_array() || layers.empty()) return corrupt("its configuration has no layers");
    graph_.name = text_of(entry(config, "name"));
    const bool sequential = kind == "Sequential";
    if (!sequential && kind != "Functional" && kind != "Model") return unsupported("a model of class '" + kind + "': sequential and functional models are translated");
    for (const Json& layer : layers) VERGE_CHECK(add_layer(layer, sequential));
    if (!blockers_.empty()) return blockers_.error();
    VERGE_CHECK(add_outputs(config, sequential));
    VERGE_CHECK(ops::infer_types(graph_));
    graph_.remove_dead();
    VERGE_CHECK(graph_.validate());
    return graph_.compacted();
  }

 private:
  Result<void> add_layer(const Json& json, bool sequential) {
    Entry e{text_of(entry(json, "class_name")), text_of(entry(json, "name")), &entry(json, "config"), {}};
    if (e.name.empty()) e.name = text_of(entry(*e.config, "name"));
    const Json& shape = shape_of(*e.config);
    if (e.class_name == "InputLayer") return add_input(e, shape);
    if (sequential && last_.empty()) VERGE_CHECK(add_input({"InputLayer", e.name + "_input", e.config, {}}, shape));
    const Json& calls = entry(json, "inbound_nodes");
    if (calls.is_array() && calls.size() > 1) return block(e, "it is used " + std::to_string(calls.size()) + " times");
    e.from = sequential ? std::vector<std::string>{last_} : sources_of(calls);
    return translate(e);
  }

  static const Json& shape_of(const Json& config) {
    const Json& old = entry(config, "batch_input_shape");
    return old.is_null() ? entry(config, "batch_shape") : old;
  }

  Result<void> add_input(const Entry& e, const Json& shape) {
    if (!shape.is_array() || shape.size() > kMaxRank || shape.empty()) return corrupt("input '" + e.name + "' has no shape");
    TensorType type;
    type.dtype = DataType::kF32;
    type.ranked = true;
    const auto given = options_.shapes.find(e.name);
    for (size_t i = 0; i < shape.size(); ++i) {
      const std::string symbol = i == 0 ? "batch" : e.name + "." + std::to_string(i);
      const auto size = options_.dims.find(symbol);
      if (shape[i].is_number_integer() && shape[i].get<int64_t>() >= 1 && shape[i].get<int64_t>() <= INT32_MAX) type.dims.push_back(Dim(shape[i].get<int64_t>()));
      else if (size != options_.dims.end()) type.dims.push_back(Dim(size->second));
      else if (given != options_.shapes.end() && given->second.rank == static_cast<int>(shape.size())) type.dims.push_back(Dim(given->second[static_cast<int>(i)]));
      else type.dims.push_back(Dim::named(symbol));
    }
    if (notes_) notes_->inputs.push_back(e.name);
    values_[e.name] = graph_.add_input(e.name, std::move(type));
    last_ = e.name;
    return done();
  }

  Result<void> translate(const Entry& e) {
    std::vector<ValueId> inputs;
    for (const std::string& from : e.from) {
      const auto it = values_.find(from);
      if (it == values_.end()) return corrupt("layer '" + e.name + "' reads '" + from + "' before it is made");
      if (!it->second.valid()) return block(e, "");
      inputs.push_back(it->second);
    }
    if (inputs.empty()) return corrupt("layer '" + e.name + "' reads nothing");
    const LayerRow* row = find_layer(e.class_name);
    if (!row) return block(e, "this layer has no translation");
    VERGE_TRY(std::vector<Tensor> weights, weights_.of(e), "layer '" + e.name + "'");
    const size_t before = graph_.order().size();
    Layer layer(graph_, *e.config, e.name, std::move(inputs), std::move(weights));
    auto value = row->translate(layer);
    if (!value.ok() && value.error().code() == Code::kUnsupported) return block(e, value.error().message());
    if (!value.ok()) return std::move(value).error().within("layer '" + e.name + "' (" + e.class_name + ")");
    for (size_t i = before; i < graph_.order().size(); ++i) VERGE_CHECK(ops::infer_node(graph_, graph_.node(graph_.order()[i])), "layer '" + e.name + "'");
    values_[e.name] = *value;
    last_ = e.name;
    return done();
  }

  // Noted, unless it only follows a layer that is.
  Result<void> block(const Entry& e, const std::string& reason) {
    if (!reason.empty()) blockers_.add({e.class_name, e.name, join(e.from, ", "), reason, "replace the layer, or convert the model to ONNX or TFLite"});
    values_[e.name] = {};
    last_ = e.name;
    return done();
  }

  Result<void> add_outputs(const Json& config, bool sequential) {
    std::vector<std::string> names = sequential ? std::vector<std::string>{last_} : sources_of(entry(config, "output_layers"));
    if (names.empty()) return corrupt("the model has no outputs");
    for (const std::string& name : names) {
      const auto it = values_.find(name);
      if (it == values_.end()) return corrupt("output '" + name + "' is no layer");
      graph_.add_output(it->second, name);
    }
    return done();
  }

  const Json& model_;
  Weights& weights_;
  const ImportOptions& options_;
  ImportNotes* notes_;
  Graph graph_;
  Blockers blockers_;
  std::map<std::string, ValueId> values_;  // by layer; invalid: blocked
  std::string last_;
};

// Keras 2: group model_weights, a group a layer, its arrays named by the attribute weight_names.
class H5Weights : public Weights {
 public:
  H5Weights(const Hdf5& file, Hdf5::Object group) : file_(file), group_(group) {}

  Result<std::vector<Tensor>> of(const Entry& layer) override {
    std::vector<Tensor> out;
    const auto group = file_.find(group_, layer.name);
    if (!group.ok()) return out;
    const auto names = file_.texts(*group, "weight_names");
    if (!names.ok() && names.error().code() != Code::kNotFound) return names.error();
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      VERGE_TRY(const Hdf5::Object array, file_.find(*group, name));
      VERGE_TRY(out.emplace_back(), file_.array(array), "weight '" + name + "'");
    }
    return out;
  }

 private:
  const Hdf5& file_;
  Hdf5::Object group_;
};

// Keras 3: layers/NAME/vars/0, 1, ..; NAME is the layer's, or its class in snake case with a number from the second on.
class ArchiveWeights : public Weights {
 public:
  explicit ArchiveWeights(const Hdf5& file) : file_(file) {}

  Result<std::vector<Tensor>> of(const Entry& layer) override {
    const std::string base = snake_case(layer.class_name);
    const int number = counts_[base]++;
    std::vector<Tensor> out;
    for (const std::string& name : {layer.name, base + (number ? "_" + std::to_string(number) : "")}) {
      const auto vars = file_.find(file_.root(), "layers/" + name + "/vars");
      if (!vars.ok()) continue;
      VERGE_TRY(const auto members, file_.members(*vars));
      for (size_t i = 0; i < members.size(); ++i) {
        VERGE_TRY(const Hdf5::Object array, file_.find(*vars, std::to_string(i)));
        VERGE_TRY(out.emplace_back(), file_.array(array), "weight " + std::to_string(i) + " of '" + name + "'");
      }
      return out;
    }
    return out;
  }

 private:
  // "DepthwiseConv2D" -> "depthwise_conv2d", as Keras does it.
  static std::string snake_case(const std::string& name) {
    std::string out;
    for (size_t i = 0; i < name.size(); ++i) {
      const auto upper = [&](size_t at) { return at < name.size() && name[at] >= 'A' && name[at] <= 'Z'; };
      const auto lower = [&](size_t at) { return at < name.size() && name[at] >= 'a' && name[at] <= 'z'; };
      const bool word = upper(i) && i > 0 && (lower(i - 1) || (lower(i + 1) && !upper(i - 1) && name[i - 1] != '_') || (upper(i - 1) && lower(i + 1)));
      if (word) out += '_';
      out += upper(i) ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
    }
    return out;
  }

  const Hdf5& file_;
  std::map<std::string, int> counts_;
};

Result<Bytes> archived(ByteSpan bytes, const char* name) {
  VERGE_TRY(const std::vector<ZipEntry> entries, zip_entries(bytes));
  const auto it = std::find_if(entries.begin(), entries.end(), [&](const ZipEntry& e) { return e.name == name; });
  if (it == entries.end()) return corrupt(std::string("the archive holds no ") + name);
  return unzip(bytes, *it);
}

}  // namespace

bool looks_like_h5(ByteSpan bytes) { return bytes.size() >= 8 && bytes[0] == 0x89 && bytes[1] == 'H' && bytes[2] == 'D' && bytes[3] == 'F'; }
bool looks_like_archive(ByteSpan bytes) { return bytes.size() >= 4 && bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == 3 && bytes[3] == 4; }

Result<Graph> import_h5(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes) {
  VERGE_TRY(const Hdf5 file, Hdf5::open(bytes));
  const auto config = file.text(file.root(), "model_config");
  if (!config.ok() && config.error().code() == Code::kNotFound)
    return unsupported("an HDF5 file without 'model_config': weights alone have no architecture; save the whole model (model.save)");
  if (!config.ok()) return config.error();
  VERGE_TRY(const Json model, parse_json(*config), "model_config");
  const auto group = file.find(file.root(), "model_weights");
  H5Weights weights(file, group.ok() ? *group : file.root());
  return Importer(model, weights, options, notes).run();
}

Result<Graph> import_archive(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes) {
  VERGE_TRY(const Bytes config, archived(bytes, "config.json"));
  VERGE_TRY(const Bytes weights_file, archived(bytes, "model.weights.h5"));
  VERGE_TRY(const Json model, parse_json({reinterpret_cast<const char*>(config.data()), config.size()}), "config.json");
  VERGE_TRY(const Hdf5 file, Hdf5::open(weights_file));
  ArchiveWeights weights(file);
  return Importer(model, weights, options, notes).run();
}

}  // namespace verge::formats::keras
