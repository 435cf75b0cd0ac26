#include "prune/reconstruct.h"

#include <Eigen/Dense>
#include <algorithm>
#include <numeric>

#include "ops/conv/conv.h"
#include "quant/tap.h"
#include "quant/windows.h"

namespace verge::prune {
namespace {

using Matrix = Eigen::MatrixXd;

bool is_fitted(const Graph& g, const Node& n) {
  return (n.op == "conv" || n.op == "dense") && n.integer("groups", 1) == 1 && g.constant(n.input(1)) && (!n.input(2).valid() || g.constant(n.input(2)));
}

std::map<std::string, NodeId> layers_by_name(const Graph& g) {
  std::map<std::string, NodeId> out;
  for (NodeId id : g.order())
    if (is_fitted(g, g.node(id))) out[g.node(id).name] = id;
  return out;
}

// A dense layer is a 1x1 convolution over its rows.
Result<ConvGeometry> geometry_of(const Graph& g, const Node& n) {
  const Shape x = g.type(n.input(0)).shape(), y = g.type(n.output()).shape(), w = g.constant(n.input(1))->shape();
  if (n.op == "conv") return ops::conv_geometry(n, x, w, y);
  const auto rows = static_cast<int32_t>(x.count() / x[x.rank - 1]);
  return ConvGeometry{.in_w = rows, .in_c = w[1], .out_w = rows, .out_c = w[0]};
}

// Sums over windows x, with a one behind them for the bias, and outputs y: x x^T and x y^T.
class Moments {
 public:
  Moments(Eigen::Index window, Eigen::Index outputs) : x_(Eigen::VectorXd::Ones(window + 1)), square_(Matrix::Zero(window + 1, window + 1)), cross_(Matrix::Zero(window + 1, outputs)) {}
  void add(const std::vector<float>& window, const Eigen::VectorXd& y) {
    for (size_t i = 0; i < window.size(); ++i) x_[static_cast<Eigen::Index>(i)] = static_cast<double>(window[i]);
    square_.selfadjointView<Eigen::Lower>().rankUpdate(x_);
    cross_.noalias() += x_ * y.transpose();
  }
  // [window + 1][outputs], near `old`.
  Matrix fitted(const Matrix& old, double damping) const {
    Matrix square = square_.selfadjointView<Eigen::Lower>();
    const Eigen::Index window = square.rows() - 1;
    const double ridge = std::max(damping * square.diagonal().head(window).mean(), 1e-12);
    square.diagonal().array() += ridge;
    return square.ldlt().solve(cross_ + ridge * old);
  }
  // `old` with a bias that gives the outputs their mean.
  Matrix with_mean(Matrix old) const {
    const Eigen::Index window = square_.rows() - 1;
    const Eigen::RowVectorXd sums = square_.row(window).head(window), wanted = cross_.row(window);
    old.row(window) = (wanted - sums * old.topRows(window)) / square_(window, window);
    return old;
  }

 private:
  Eigen::VectorXd x_;
  Matrix square_, cross_;
};

class Reconstruction {
 public:
  Reconstruction(const Graph& whole, Graph pruned, const KeptOutputs& kept, const Dataset& data, const ReconstructOptions& options)
      : whole_(whole), pruned_(std::move(pruned)), kept_(kept), data_(data), o_(options) {}

  Result<Graph> run() {
    const std::map<std::string, NodeId> wholes = layers_by_name(whole_);
    for (NodeId id : std::vector<NodeId>(pruned_.order())) {
      const auto twin = wholes.find(pruned_.node(id).name);
      if (is_fitted(pruned_, pruned_.node(id)) && twin != wholes.end()) VERGE_CHECK(fit(id, whole_.node(twin->second)));
    }
    return std::move(pruned_);
  }

 private:
  std::vector<int64_t> outputs_of(const Node& twin) const {
    if (const auto found = kept_.find(twin.name); found != kept_.end()) return found->second;
    std::vector<int64_t> all(static_cast<size_t>(whole_.type(twin.output()).dims.back().size));
    std::iota(all.begin(), all.end(), int64_t{0});
    return all;
  }

  Result<void> fit(NodeId id, const Node& twin) {
    const Node node = pruned_.node(id);
    const Fitted fitted = o_.fits ? o_.fits(pruned_, node) : Fitted::kAll;
    if (fitted == Fitted::kNothing || (fitted == Fitted::kBias && !node.input(2).valid())) return done();
    VERGE_TRY(const ConvGeometry g, geometry_of(pruned_, node));
    const std::vector<int64_t> outputs = outputs_of(twin);
    if (static_cast<int32_t>(outputs.size()) != g.out_c) return invalid(describe(node) + ": " + std::to_string(g.out_c) + " outputs, " + std::to_string(outputs.size()) + " of the whole network's are said to be left");
    Moments moments(static_cast<Eigen::Index>(g.taps() * g.group_in()), g.out_c);
    VERGE_CHECK(gather(moments, g, node, twin, outputs));
    set_weights(id, node, fitted == Fitted::kAll ? moments.fitted(weights_of(node), o_.damping) : moments.with_mean(weights_of(node)));
    return done();
  }

  Result<void> gather(Moments& moments, const ConvGeometry& g, const Node& node, const Node& twin, const std::vector<int64_t>& outputs) {
    VERGE_TRY(Tap seen, Tap::open(pruned_, {node.input(0)}));
    VERGE_TRY(Tap wanted, Tap::open(whole_, {twin.output()}));
    const auto width = static_cast<size_t>(whole_.type(twin.output()).dims.back().size);
    std::vector<float> window(g.taps() * g.group_in());
    Eigen::VectorXd y(static_cast<Eigen::Index>(outputs.size()));
    for (size_t s = 0; s < std::min(o_.samples, data_.size()); ++s) {
      VERGE_TRY(const Sample sample, data_.get(s));
      VERGE_CHECK(seen.run(sample));
      VERGE_CHECK(wanted.run(sample));
      for (const size_t pixel : chosen_pixels(g, s, o_.windows_a_sample)) {
        copy_window(g, seen.value(0), pixel, 0, window.data());
        for (size_t i = 0; i < outputs.size(); ++i) y[static_cast<Eigen::Index>(i)] = static_cast<double>(wanted.value(0)[pixel * width + static_cast<size_t>(outputs[i])]);
        moments.add(window, y);
      }
    }
    return done();
  }

  // [window + 1][outputs]: the last row is the bias.
  Matrix weights_of(const Node& node) const {
    const Tensor &w = *pruned_.constant(node.input(1)), *bias = pruned_.constant(node.input(2));
    const Eigen::Index outputs = w.shape()[0], window = w.count() / w.shape()[0];
    Matrix out = Matrix::Zero(window + 1, outputs);
    for (Eigen::Index o = 0; o < outputs; ++o) {
      for (Eigen::Index i = 0; i < window; ++i) out(i, o) = w.at(o * window + i);
      if (bias) out(window, o) = bias->at(o);
    }
    return out;
  }

  void set_weights(NodeId id, const Node& node, const Matrix& fitted) {
    Tensor w(DataType::kF32, pruned_.constant(node.input(1))->shape());
    const Eigen::Index outputs = w.shape()[0], window = w.count() / w.shape()[0];
    std::vector<float> bias;
    for (Eigen::Index o = 0; o < outputs; ++o) {
      for (Eigen::Index i = 0; i < window; ++i) w.mut<float>()[static_cast<size_t>(o * window + i)] = static_cast<float>(fitted(i, o));
      bias.push_back(static_cast<float>(fitted(window, o)));
    }
    set_input(id, 1, std::move(w), node.name + ".weight");
    set_input(id, 2, Tensor::of({static_cast<int32_t>(outputs)}, bias), node.name + ".bias");
  }

  // The name stays: parameters are known by it.
  void set_input(NodeId id, size_t i, Tensor tensor, const std::string& name) {
    const ValueId old = pruned_.node(id).input(i);
    const ValueId fresh = pruned_.add_constant(std::move(tensor), old.valid() ? pruned_.value(old).name : name);
    Node& node = pruned_.node(id);
    node.inputs.resize(std::max(node.inputs.size(), i + 1));
    node.inputs[i] = fresh;
  }

  const Graph& whole_;
  Graph pruned_;
  const KeptOutputs& kept_;
  const Dataset& data_;
  const ReconstructOptions& o_;
};

}  // namespace

KeptOutputs kept_outputs(const KeptOutputs& kept, const Graph& graph, std::span<const Unit> units, const std::vector<bool>& gone) {
  std::map<uint32_t, std::vector<bool>> left;  // by value
  for (size_t u = 0; u < units.size(); ++u)
    for (const Channel& c : units[u].channels) {
      std::vector<bool>& of = left[c.value.index];
      of.resize(static_cast<size_t>(graph.type(c.value).dims.back().size), true);
      if (gone[u]) of[static_cast<size_t>(c.index)] = false;
    }
  KeptOutputs out;
  for (const auto& [name, id] : layers_by_name(graph)) {
    const std::vector<bool>& of = left.at(graph.node(id).output().index);
    const auto before = kept.find(name);
    for (size_t i = 0; i < of.size(); ++i)
      if (of[i]) out[name].push_back(before == kept.end() ? static_cast<int64_t>(i) : before->second[i]);
  }
  return out;
}

Result<Graph> reconstructed(const Graph& whole, Graph pruned, const KeptOutputs& kept, const Dataset& data, const ReconstructOptions& options) {
  return Reconstruction(whole, std::move(pruned), kept, data, options).run();
}

}  // namespace verge::prune
