#include "quant/repair_weights.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "eval/by_parts.h"
#include "kernels/outer/outer_f32.h"
#include "ops/conv/conv.h"
#include "ops/op.h"
#include "quant/tap.h"
#include "quant/windows.h"

namespace verge {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

// A layer as windows of its input times a matrix: groups of [outputs][window] each.
struct Layer {
  const Node* node = nullptr;
  const Tensor* weights = nullptr;
  const Tensor* bias = nullptr;
  ConvGeometry geometry;                 // a dense layer is 1x1 over its rows
  Eigen::Index window = 0, outputs = 0;  // of one group

  Eigen::Map<const FloatMatrix> group_weights(int group) const { return {weights->values<float>().data() + group * outputs * window, outputs, window}; }
};

Result<Layer> layer_of(const Graph& graph, const Node& node, const ops::QuantRule& rule) {
  Layer out;
  out.node = &node;
  out.weights = graph.constant(node.input(static_cast<size_t>(rule.weight_input)));
  if (rule.bias_input >= 0 && node.input(static_cast<size_t>(rule.bias_input)).valid())
    out.bias = graph.constant(node.input(static_cast<size_t>(rule.bias_input)));
  const Shape x = graph.type(node.input(0)).shape(), y = graph.type(node.output()).shape(), w = out.weights->shape();
  if (w.rank == 4) {
    VERGE_TRY(out.geometry, ops::conv_geometry(node, x, w, y));
  } else {
    out.geometry.in_w = out.geometry.out_w = static_cast<int32_t>(x.count() / x[x.rank - 1]);
    out.geometry.in_c = static_cast<int32_t>(w[1]);
    out.geometry.out_c = static_cast<int32_t>(w[0]);
  }
  out.window = static_cast<Eigen::Index>(out.geometry.taps() * out.geometry.group_in());
  out.outputs = static_cast<Eigen::Index>(out.geometry.group_out());
  return out;
}

// Sums over windows x of the float network's input and x^ of the int8 network's, for one group with weights W [outputs][window]. Windows are gathered and then
// multiplied many at a time.
class Moments {
 public:
  explicit Moments(const FloatMatrix& weights)
      : weights_(weights.transpose()),
        real_(kGathered, weights.cols()),
        rounded_(kGathered, weights.cols()),
        square_(Matrix::Zero(weights.cols(), weights.cols())),
        cross_(Matrix::Zero(weights.rows(), weights.cols())),
        real_sum_(Vector::Zero(weights.cols())),
        rounded_sum_(real_sum_) {}

  // real, rounded: [window]
  void add(const float* real, const float* rounded) {
    std::copy_n(real, real_.cols(), real_.row(gathered_).data());
    std::copy_n(rounded, rounded_.cols(), rounded_.row(gathered_).data());
    if (++gathered_ == kGathered) flush();
  }
  void flush() {
    if (gathered_ == 0) return;
    add_square();
    add_cross();
    real_sum_ += real_.topRows(gathered_).colwise().sum().transpose().cast<double>();
    rounded_sum_ += rounded_.topRows(gathered_).colwise().sum().transpose().cast<double>();
    count_ += static_cast<double>(gathered_);
    gathered_ = 0;
  }

  void merge(const Moments& other) {
    square_ += other.square_;
    cross_ += other.cross_;
    real_sum_ += other.real_sum_;
    rounded_sum_ += other.rounded_sum_;
    count_ += other.count_;
  }

  double count() const { return count_; }
  Vector real_mean() const { return real_sum_ / count_; }
  Vector rounded_mean() const { return rounded_sum_ / count_; }
  // Covariance of x^.
  Matrix square() const {
    const Matrix whole = square_.selfadjointView<Eigen::Upper>();
    return whole / count_ - rounded_mean() * rounded_mean().transpose();
  }
  // Covariance of W x and x^.
  Matrix cross() const { return cross_ / count_ - (weights_.transpose().cast<double>() * real_mean()) * rounded_mean().transpose(); }

 private:
  static constexpr Eigen::Index kGathered = 512;

  // c[i][j] += sum over the rows p of a[p][i] b[p][j], columns from `first` on.
  static void add_outer(const FloatMatrix& a, const FloatMatrix& b, Eigen::Index rows, FloatMatrix& c, Eigen::Index first = 0, Eigen::Index count = -1) {
    OuterF32 sums;
    sums.pixels = static_cast<size_t>(rows);
    sums.a = a.data() + first;
    sums.b = b.data() + first;
    sums.c = c.data() + first * c.cols() + first;
    sums.a_step = static_cast<size_t>(a.cols());
    sums.b_step = static_cast<size_t>(b.cols());
    sums.c_step = static_cast<size_t>(c.cols());
    pick_outer_f32()(static_cast<size_t>(count < 0 ? a.cols() : count), static_cast<size_t>(b.cols() - first), sums);
  }

  // Its upper triangle, and what of the lower one falls into the blocks on the diagonal.
  void add_square() {
    constexpr Eigen::Index kBlock = 192;
    FloatMatrix& products = scratch(0, rounded_.cols(), rounded_.cols());
    for (Eigen::Index first = 0; first < rounded_.cols(); first += kBlock) add_outer(rounded_, rounded_, gathered_, products, first, std::min(kBlock, rounded_.cols() - first));
    square_ += products.cast<double>();
  }

  void add_cross() {
    FloatMatrix &answers = scratch(1, gathered_, weights_.cols()), &products = scratch(2, weights_.cols(), weights_.rows());
    FloatMatrix& columns = scratch(3, weights_.rows(), gathered_);
    columns = real_.topRows(gathered_).transpose();
    add_outer(columns, weights_, weights_.rows(), answers);
    add_outer(answers, rounded_, gathered_, products);
    cross_ += products.cast<double>();
  }

  // Zeros; one matrix a slot and thread, since groups are many and take turns.
  static FloatMatrix& scratch(size_t slot, Eigen::Index rows, Eigen::Index columns) {
    thread_local FloatMatrix matrices[4];
    matrices[slot].setZero(rows, columns);
    return matrices[slot];
  }

  FloatMatrix weights_;  // [window][outputs]
  FloatMatrix real_, rounded_;
  Eigen::Index gathered_ = 0;
  Matrix square_, cross_;
  Vector real_sum_, rounded_sum_;
  double count_ = 0;
};

// take(part, s, tap) after each of the first `samples`, in `parts` runs of consecutive ones at the same time.
template <typename Take> Result<void> look_side_by_side(const Tap& tap, const Dataset& data, size_t samples, size_t parts, const Take& take) {
  return by_parts(samples, parts, [&](size_t part, size_t begin, size_t end) -> Result<void> {
    VERGE_TRY(Tap mine, tap.another());
    for (size_t s = begin; s < end; ++s) {
      VERGE_TRY(const Sample sample, data.get(s));
      VERGE_CHECK(mine.run(sample));
      take(part, s, mine);
    }
    return done();
  });
}

constexpr size_t kMostWindowBytes = size_t{128} << 20;  // of windows held at once

// How many values a layer's windows have at one pixel, all groups together, and how many pixels of a sample are looked at.
size_t row_values(const Layer& layer) { return static_cast<size_t>(layer.window) * static_cast<size_t>(layer.geometry.groups); }
size_t pixels_of(const Layer& layer, size_t samples, const RepairOptions& options) {
  const size_t fit = kMostWindowBytes / (samples * row_values(layer) * sizeof(float));
  return std::clamp<size_t>(options.windows_a_sample, 1, std::max<size_t>(fit, 1));
}

// What the float network shows some consecutive layers: by layer [samples * pixels][groups][window], filled in one pass over the samples.
class RealWindows {
 public:
  static Result<RealWindows> gather(const Graph& graph, std::span<const Layer> layers, const Dataset& data, size_t samples, const RepairOptions& options) {
    RealWindows out;
    size_t bytes = 0;
    std::vector<ValueId> inputs;
    for (const Layer& layer : layers) {
      const size_t pixels = std::min(pixels_of(layer, samples, options), layer.geometry.out_pixels());
      bytes += samples * pixels * row_values(layer) * sizeof(float);
      if (bytes > kMostWindowBytes && !out.windows_.empty()) break;
      out.windows_.emplace_back(samples * pixels * row_values(layer));
      inputs.push_back(layer.node->input(0));
    }
    VERGE_TRY(const Tap tap, Tap::open(until(graph, inputs), inputs));
    VERGE_CHECK(look_side_by_side(tap, data, samples, useful_parts(samples), [&](size_t, size_t s, const Tap& mine) {
      for (size_t i = 0; i < inputs.size(); ++i) out.copy(layers[i], i, s, mine.value(i), pixels_of(layers[i], samples, options));
    }));
    return out;
  }

  size_t layers() const { return windows_.size(); }
  const float* of(size_t layer) const { return windows_[layer].data(); }

  // The graph as far as these values need it.
  static Graph until(const Graph& graph, const std::vector<ValueId>& values) {
    Graph out = graph;
    const size_t outputs = out.outputs().size();
    for (size_t i = 0; i < outputs; ++i) out.set_output(i, values[std::min(i, values.size() - 1)]);
    for (size_t i = outputs; i < values.size(); ++i) out.add_output(values[i]);
    out.remove_dead();
    return out;
  }

 private:
  void copy(const Layer& layer, size_t i, size_t sample, const std::vector<float>& x, size_t wanted) {
    const std::vector<size_t> pixels = chosen_pixels(layer.geometry, sample, wanted);
    float* to = windows_[i].data() + sample * pixels.size() * row_values(layer);
    for (const size_t pixel : pixels)
      for (int g = 0; g < layer.geometry.groups; ++g, to += layer.window) copy_window(layer.geometry, x, pixel, g, to);
  }
  std::vector<std::vector<float>> windows_;
};

// The moments of one layer's groups over some samples.
struct LayerMoments {
  const Layer* layer;
  const float* real;  // as RealWindows has them for this layer
  std::vector<Moments> groups;
  std::vector<float> rounded;

  LayerMoments(const Layer& of, const float* windows)
      : layer(&of), real(windows), rounded(static_cast<size_t>(of.window)) {
    for (int g = 0; g < of.geometry.groups; ++g) groups.emplace_back(of.group_weights(g));
  }

  void add(size_t sample, const std::vector<float>& input, const std::vector<size_t>& pixels) {
    const float* seen = real + sample * pixels.size() * row_values(*layer);
    for (const size_t pixel : pixels)
      for (size_t g = 0; g < groups.size(); ++g, seen += layer->window) {
        copy_window(layer->geometry, input, pixel, static_cast<int>(g), rounded.data());
        groups[g].add(seen, rounded.data());
      }
  }
  void merge(const LayerMoments& other) {
    for (size_t g = 0; g < groups.size(); ++g) groups[g].merge(other.groups[g]);
  }
};

// `real`: what RealWindows has for the layer.
Result<std::vector<Moments>> collect(const Graph& graph, const QuantPlan& plan, const Layer& layer, const float* real, const Dataset& data, size_t samples, const RepairOptions& options) {
  VERGE_TRY(const QuantizedGraph quantised, quantize_graph(graph, plan));
  constexpr size_t kParts = 2;  // whatever the machine has: sums depend on where they were cut
  const std::vector<ValueId> inputs = {quantised.value_of.at(layer.node->input(0).index)};
  std::vector<LayerMoments> parts;
  for (size_t part = 0; part < kParts; ++part) parts.emplace_back(layer, real);
  VERGE_TRY(const Tap tap, Tap::open(RealWindows::until(quantised.graph, inputs), inputs));
  VERGE_CHECK(look_side_by_side(tap, data, samples, kParts, [&](size_t part, size_t s, const Tap& mine) {
    parts[part].add(s, mine.value(0), chosen_pixels(layer.geometry, s, pixels_of(layer, samples, options)));
  }));
  for (LayerMoments& part : parts)
    for (Moments& m : part.groups) m.flush();
  parts[0].merge(parts[1]);
  return std::move(parts[0].groups);
}

struct Solved {
  std::vector<int> order;  // the window's columns from the loudest to the quietest; everything below has its columns in that order
  Matrix square;           // E[x^ x^T] + damping
  Matrix weights;          // [outputs][window], real numbers before rounding
  Matrix inverse_factor;   // upper Cholesky factor of the inverse of `square`
};

// Upper triangular U with U^T U = the inverse of `square`: the Cholesky factor of the matrix read backwards is that of R R^T = square, and U = R^-1.
Matrix inverse_cholesky(const Matrix& square) {
  const Eigen::LLT<Matrix> backwards(square.reverse());
  const Matrix upper = Matrix(backwards.matrixL()).reverse();
  return upper.triangularView<Eigen::Upper>().solve(Matrix::Identity(square.rows(), square.cols()));
}

// Step 1 of the header.
Solved solve(const Moments& moments, const Matrix& weights, double damping) {
  Solved out;
  Matrix square = moments.square();
  const double few = static_cast<double>(weights.cols()) / moments.count();  // unknowns an equation: little data says little
  const double ridge = std::max(std::max(damping, few) * square.diagonal().mean(), 1e-12);
  square.diagonal().array() += ridge;
  out.order.resize(static_cast<size_t>(square.rows()));
  std::iota(out.order.begin(), out.order.end(), 0);
  std::stable_sort(out.order.begin(), out.order.end(), [&](int a, int b) { return square(a, a) > square(b, b); });
  out.square = square(out.order, out.order);
  out.inverse_factor = inverse_cholesky(out.square);
  const Matrix wanted = (moments.cross() + ridge * weights)(Eigen::all, out.order);
  const Matrix half = out.inverse_factor.triangularView<Eigen::Upper>() * wanted.transpose();
  out.weights = (out.inverse_factor.transpose().triangularView<Eigen::Lower>() * half).transpose();
  return out;
}

struct Grid {
  double most;        // largest integer
  double coarseness;  // RepairOptions
  // Zeros are the cheapest values where few are left.
  double round(double x) const {
    constexpr double kTowardsZero = 0.1;
    if (coarseness == 0) return std::clamp(std::nearbyint(x), -most, most);
    return std::copysign(std::min(most, std::floor(std::fabs(x) + 0.5 - kTowardsZero)), x);
  }
};

// Step 2: integers of `row` on the grid of `scale`.
Vector round_spreading(Vector row, double scale, const Grid& grid, const Solved& solved) {
  const Eigen::Index n = row.size();
  Vector out(n);
  for (Eigen::Index j = 0; j < n; ++j) {
    out[j] = grid.round(row[j] / scale);
    const double error = (row[j] - out[j] * scale) / solved.inverse_factor(j, j);
    row.tail(n - j - 1).noalias() -= error * solved.inverse_factor.row(j).tail(n - j - 1).transpose();
  }
  return out;
}

struct Rounded {
  double scale = 1;
  Vector q;
};

// Few steps are better spent inside: the grid that loses least, from the largest magnitude down to half of it. With 127 steps a side the whole range is best.
Rounded round_row(const Vector& row, const Grid& grid, const Solved& solved) {
  const double largest = row.cwiseAbs().maxCoeff();
  if (largest == 0) return {1, Vector::Zero(row.size())};
  Rounded best;
  double least = std::numeric_limits<double>::infinity();
  const double floor = grid.coarseness * std::sqrt(row.squaredNorm() / static_cast<double>(row.size()));
  for (double keep = 1; keep > (grid.most < 127 ? 0.5 : 0.99); keep -= 0.05) {
    const double scale = std::max(largest * keep / grid.most, floor);
    Vector q = round_spreading(row, scale, grid, solved);
    const Vector error = row - scale * q;
    const double loss = error.dot(solved.square * error);
    if (loss >= least) continue;
    least = loss;
    best = {scale, std::move(q)};
    if (grid.coarseness > 0) break;
  }
  return best;
}

// Depthwise weights are few and each counts: they stay at 8 bits.
int bits_of(const Layer& layer, const RepairOptions& options) { return layer.geometry.groups > 1 || options.coarseness > 0 ? 8 : options.bits; }

// RepairOptions::coarseness for one of the layers; 0 for those in groups.
double coarseness_of(const Layer& layer, std::span<const Layer> layers, double coarseness) {
  int64_t most = 1;
  for (const Layer& l : layers) most = std::max(most, l.weights->count());
  return layer.geometry.groups > 1 ? 0 : coarseness * std::sqrt(static_cast<double>(layer.weights->count()) / static_cast<double>(most));
}

class LayerRepair {
 public:
  LayerRepair(const Layer& layer, const RepairOptions& options, bool one_scale)
      : layer_(layer), one_scale_(one_scale), grid_{static_cast<double>((1 << (bits_of(layer, options) - 1)) - 1), options.coarseness}, damping_(options.damping), weights_(DataType::kI8, layer.weights->shape()) {
    const size_t channels = static_cast<size_t>(layer.geometry.out_c);
    quant_ = {std::vector<float>(channels, 1.0F), std::vector<int32_t>(channels, 0), 0};
    bias_.assign(channels, 0.0F);
    if (layer.bias) std::copy_n(layer.bias->values<float>().begin(), channels, bias_.begin());
  }

  // One Moments a group.
  void fit(const std::vector<Moments>& moments) {
    std::vector<Solved> solved;
    double largest = 0;
    for (size_t g = 0; g < moments.size(); ++g) {
      solved.push_back(solve(moments[g], layer_.group_weights(static_cast<int>(g)).cast<double>(), damping_));
      largest = std::max(largest, solved.back().weights.cwiseAbs().maxCoeff());
    }
    if (one_scale_) quant_ = {{static_cast<float>(largest > 0 ? largest / grid_.most : 1)}, {0}, -1};
    for (size_t g = 0; g < moments.size(); ++g) round(static_cast<int>(g), moments[g], solved[g]);
  }

  LayerWeights result() {
    weights_.set_quant(quant_);
    return {weights_, Tensor::of<float>({static_cast<int32_t>(bias_.size())}, bias_)};
  }

 private:
  void round(int group, const Moments& moments, const Solved& solved) {
    const Matrix original = layer_.group_weights(group).cast<double>();
    const Vector real_mean = moments.real_mean(), rounded_mean = moments.rounded_mean();
    for (Eigen::Index o = 0; o < layer_.outputs; ++o) {
      const auto channel = static_cast<size_t>(group * layer_.outputs + o);
      const Vector row = solved.weights.row(o).transpose();
      const auto [scale, q] = one_scale_ ? Rounded{quant_.scale[0], round_spreading(row, quant_.scale[0], grid_, solved)} : round_row(row, grid_, solved);
      double mean = original.row(o).dot(real_mean);
      for (Eigen::Index k = 0; k < q.size(); ++k) {
        const int column = solved.order[static_cast<size_t>(k)];
        weights_.mut<int8_t>()[channel * static_cast<size_t>(q.size()) + static_cast<size_t>(column)] = static_cast<int8_t>(q[k]);
        mean -= q[k] * scale * rounded_mean[column];
      }
      if (!one_scale_) quant_.scale[channel] = static_cast<float>(scale);
      bias_[channel] += static_cast<float>(mean);
    }
  }

  const Layer& layer_;
  const bool one_scale_;
  const Grid grid_;
  const double damping_;
  Tensor weights_;
  QuantParams quant_;
  std::vector<float> bias_;
};

// Layers that compute in int8 under the plan and carry a bias, in order: without one the mean has no place to go.
Result<std::vector<Layer>> repairable_layers(const Graph& graph, const QuantPlan& plan) {
  std::vector<Layer> out;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (plan.float_nodes.count(id.index) || !quantizable(graph, node) || (node.op != "conv" && node.op != "dense")) continue;
    const ops::QuantRule rule = ops::find_op(node.op)->methods->quant(graph, node);
    VERGE_TRY(const Layer layer, layer_of(graph, node, rule));
    if (layer.bias && plan.activations.count(node.input(0).index)) out.push_back(layer);
  }
  return out;
}

}  // namespace

Result<QuantPlan> repair_weights(const Graph& graph, QuantPlan plan, const Dataset& data, const RepairOptions& asked, const RepairProgress& progress) {
  VERGE_TRY(const std::vector<Layer> layers, repairable_layers(graph, plan));
  constexpr size_t kFewest = 16;
  const size_t samples = std::min({asked.samples, data.size(), std::max(kFewest, asked.runs / std::max<size_t>(layers.size(), 1))});
  RepairOptions options = asked;
  options.windows_a_sample = std::max(asked.windows_a_sample, asked.windows / samples);
  for (size_t first = 0; first < layers.size();) {
    VERGE_TRY(const RealWindows real, RealWindows::gather(graph, std::span(layers).subspan(first), data, samples, options));
    for (size_t i = 0; i < real.layers(); ++i) {
      const Layer& layer = layers[first + i];
      if (progress) progress(first + i, layers.size());
      VERGE_TRY(const std::vector<Moments> moments, collect(graph, plan, layer, real.of(i), data, samples, options), layer.node->name);
      RepairOptions here = options;
      here.coarseness = coarseness_of(layer, layers, options.coarseness);
      LayerRepair repair(layer, here, plan.per_tensor_weights);
      repair.fit(moments);
      plan.weights[layer.node->id.index] = repair.result();
    }
    first += real.layers();
  }
  return plan;
}

}  // namespace verge
