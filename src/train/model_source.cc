#include "train/model_source.h"

#include <algorithm>

#include "engine/load.h"
#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge::train {
namespace {

// Where the network's parameters lie in a model file: imported for a batch of 2, so that no pass takes a batch of 1 for granted.
Result<Graph> import_network(const std::string& path, bool fold) {
  VERGE_TRY(Graph graph, import_file(path));
  VERGE_CHECK(set_batch(graph, 2), "'" + path + "'");
  passes::PassOptions options;
  options.skip = {"fuse", "fuse_activation", "fuse_residual", "fuse_attention", "constant_channels"};
  if (!fold) options.skip.insert(options.skip.end(), {"fold_weights", "batch_norm_alone"});
  VERGE_CHECK(passes::prepare(graph, options), "'" + path + "'");
  VERGE_CHECK(set_batch(graph, 2), "'" + path + "'");  // reshapes that passes wrote for a batch of 2 copy it instead
  return graph;
}

bool channels_first(const Graph& network) {
  const TensorType& type = network.type(network.inputs()[0]);
  return type.dims.size() == 4 && sample_sizes(network)[0] != type.dims[1].size;
}

// Takes the transposes to channels last away behind `value`, and behind its integers.
Result<void> drop_transposes(Graph& g, ValueId value) {
  for (NodeId id : g.users(value)) {
    const Node node = g.node(id);
    if (node.op == "quantize") {
      VERGE_CHECK(drop_transposes(g, node.output()));
    } else if (node.op == "transpose" && node.integers("perm") == std::vector<int64_t>{0, 2, 3, 1}) {
      g.replace_uses(node.output(), value);
    } else if (node.op != "reshape" || g.type(value).dims[1] != Dim(1)) {  // one channel lies the same way first and last
      return unsupported("the network reads its input channels first in " + describe(node));
    }
  }
  return done();
}

// For each class of the data, its place among the labels that a model file holds; empty where the file holds none.
Result<std::vector<int64_t>> places_of(const std::vector<std::string>& classes, const Graph& model) {
  const auto note = model.metadata.find("verge.labels");
  const Json labels = note == model.metadata.end() ? Json() : Json::parse(note->second, nullptr, false);
  if (!labels.is_array() || classes.empty()) return std::vector<int64_t>();
  std::vector<int64_t> places;
  for (const std::string& c : classes) {
    const auto at = std::find(labels.begin(), labels.end(), Json(c));
    if (at == labels.end()) return invalid("the teacher does not know the class '" + c + "'; it knows " + labels.dump());
    places.push_back(at - labels.begin());
  }
  return places;
}

}  // namespace

bool is_architecture(const std::string& name) {
  const std::vector<std::string> known = network_names();
  return std::find(known.begin(), known.end(), name) != known.end() || name.find('.') == std::string::npos;
}

Result<Graph> network_of(const Recipe& recipe) { return is_architecture(recipe.model) ? make_network(recipe.model, recipe.network) : import_network(recipe.model, recipe.fold); }

std::vector<int64_t> sample_sizes(const Graph& network) {
  std::vector<int64_t> out;
  const TensorType& type = network.type(network.inputs()[0]);
  for (size_t i = 1; i < type.dims.size(); ++i) out.push_back(type.dims[i].size);
  if (out.size() == 3 && (out[0] == 1 || out[0] == 3) && out[2] != 1 && out[2] != 3) out = {out[1], out[2], out[0]};
  return out;
}

Result<Graph> channels_last(const Graph& network) {
  if (!channels_first(network)) return network;
  Graph g = network;
  const ValueId in = g.inputs()[0];
  VERGE_CHECK(drop_transposes(g, in));
  const std::vector<Dim> d = g.type(in).dims;
  g.value(in).type.dims = {d[0], d[2], d[3], d[1]};
  g.remove_dead();
  VERGE_CHECK(ops::infer_types(g));
  return g.compacted();
}

Result<void> rescale_input(Graph& g, double factor) {
  for (NodeId id : g.users(g.inputs()[0])) {
    const Node& node = g.node(id);
    const Tensor* weights = (node.op == "conv" || node.op == "dense") && node.input(0) == g.inputs()[0] ? g.constant(node.input(1)) : nullptr;
    if (!weights || weights->dtype() != DataType::kF32) return unsupported("input.rescale: " + describe(node) + " reads the input; only a convolution or a dense layer can be rescaled");
    Tensor scaled = *weights;
    for (float& w : scaled.mut<float>()) w *= static_cast<float>(factor);
    g.value(node.input(1)).constant = std::make_shared<const Tensor>(std::move(scaled));
  }
  return done();
}

Result<void> load_teacher(const std::string& path, const std::vector<std::string>& classes, int64_t batch, Teacher& teacher) {
  VERGE_TRY(const Graph imported, import_network(path, true), "distill.teacher");
  VERGE_TRY(teacher.classes, places_of(classes, imported), "distill.teacher '" + path + "'");
  VERGE_TRY(Graph graph, channels_last(imported), "distill.teacher");
  VERGE_CHECK(set_batch(graph, batch), "distill.teacher '" + path + "'");
  VERGE_CHECK(passes::prepare(graph), "distill.teacher '" + path + "'");
  teacher.network = std::make_shared<const Graph>(graph.compacted());
  return done();
}

}  // namespace verge::train
