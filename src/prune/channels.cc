#include "prune/channels.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

#include "core/text.h"
#include "ops/op.h"

namespace verge::prune {
namespace {

bool is_any(const Node& n, std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), n.op) != names.end(); }

int64_t channels_of(const Graph& g, ValueId v) { return v.valid() && g.type(v).is_static() && g.type(v).rank() > 0 ? g.type(v).dims.back().size : 0; }

// The output channels that a grouped convolution makes of each of its inputs; 0: not one input channel a group.
int64_t multiplier(const Graph& g, const Node& n) {
  const int64_t groups = n.integer("groups", 1);
  if (n.op != "conv" || groups == 1 || groups != channels_of(g, n.input(0))) return 0;
  return channels_of(g, n.output()) / groups;
}

// conv or dense whose rows and columns can be told apart.
bool is_layer(const Graph& g, const Node& n) {
  const bool constant = is_any(n, {"conv", "dense"}) && g.constant(n.input(1)) && g.constant(n.input(1))->dtype() == DataType::kF32 && (!n.input(2).valid() || g.constant(n.input(2)));
  if (!constant || n.op == "dense") return constant;
  return n.text("layout") == "nhwc" && !n.input(3).valid() && (n.integer("groups", 1) == 1 || multiplier(g, n) > 0);
}

bool keeps_last_axis(const Graph& g, const Node& n) {
  const int rank = g.type(n.input(0)).rank();
  if (n.op.rfind("reduce_", 0) == 0) {
    const std::vector<int64_t> axes = n.integers("axes");
    return !axes.empty() && std::none_of(axes.begin(), axes.end(), [&](int64_t a) { return (a < 0 ? a + rank : a) == rank - 1; });
  }
  if (n.op == "transpose") {
    const std::vector<int64_t> perm = n.integers("perm");
    return !perm.empty() && perm.back() == rank - 1;
  }
  if (n.op == "pad") {
    const std::vector<int64_t> pads = n.integers("pads");
    return !pads.empty() && pads[pads.size() / 2 - 1] == 0 && pads.back() == 0;
  }
  return n.text("layout", "nhwc") == "nhwc";
}

bool is_unary(const Node& n) {
  const ops::OpDef* def = ops::find_op(n.op);
  return is_any(n, {"relu", "clamp", "leaky_relu", "identity", "cast"}) || (def && std::string_view(def->family) == "unary");
}

bool is_last(const Graph& g, const Node& n, int64_t axis) { return axis == -1 || axis == g.type(n.output()).rank() - 1; }

// Inputs of batch_norm, prelu and pointwise operators that hold one number a channel.
std::vector<size_t> channelwise_constants(const Graph& g, const Node& n) {
  std::vector<size_t> out;
  const int64_t channels = n.outputs.empty() ? 0 : channels_of(g, n.output());
  if (is_any(n, {"batch_norm", "prelu", "add", "sub", "mul", "div", "maximum", "minimum"}) && channels > 1)
    for (size_t i = 0; i < n.inputs.size(); ++i)
      if (const Tensor* c = g.constant(n.input(i)); c && c->shape().rank > 0 && c->shape()[c->shape().rank - 1] == channels) out.push_back(i);
  return out;
}

class Tying {
 public:
  explicit Tying(const Graph& graph) : g_(graph), first_(graph.value_count()) {
    size_t n = 0;
    for (uint32_t v = 0; v < graph.value_count(); ++v) {
      first_[v] = n;
      if (!graph.value(ValueId{v}).constant) n += static_cast<size_t>(channels_of(graph, ValueId{v}));
    }
    parent_.resize(n);
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    fixed_.resize(n);
  }

  std::vector<Unit> run() {
    for (ValueId v : g_.inputs()) fix(v);
    for (ValueId v : g_.outputs()) fix(v);
    for (NodeId id : g_.order()) visit(g_.node(id));
    return units();
  }

 private:
  size_t root(size_t e) {
    while (parent_[e] != e) e = parent_[e] = parent_[parent_[e]];
    return e;
  }
  size_t element(ValueId v, int64_t c) const { return first_[v.index] + static_cast<size_t>(c); }
  void tie(ValueId a, int64_t i, ValueId b, int64_t j) {
    const size_t x = root(element(a, i)), y = root(element(b, j));
    parent_[x] = y;
    fixed_[y] = fixed_[y] || fixed_[x];
  }
  // Channel c of `b` stands and falls with channel c / times of `a`, or c modulo a's channels.
  void tie_all(ValueId a, ValueId b) {
    const int64_t from = channels_of(g_, a), to = channels_of(g_, b);
    if (from == 0 || to % std::max<int64_t>(from, 1) != 0) return fix(a), fix(b);
    for (int64_t c = 0; c < to; ++c) tie(a, c % from, b, c);
  }
  void fix(ValueId v) {
    if (!v.valid() || g_.constant(v)) return;
    for (int64_t c = 0; c < channels_of(g_, v); ++c) fixed_[root(element(v, c))] = true;
  }
  void fix_all(const Node& n) {
    for (ValueId v : n.inputs) fix(v);
    for (ValueId v : n.outputs) fix(v);
  }

  void visit(const Node& n) {
    if (n.outputs.size() != 1 || !g_.type(n.output()).is_static()) return fix_all(n);
    if (is_layer(g_, n)) return visit_layer(n);
    if (n.op == "concat") return visit_concat(n);
    if (is_any(n, {"add", "sub", "mul", "div", "maximum", "minimum"})) return visit_binary(n);
    if (n.op == "reshape") return visit_reshape(n);
    if (n.op == "batch_norm" && is_last(g_, n, n.integer("axis", 1)) && channelwise_constants(g_, n).size() == 4) return tie_all(n.input(0), n.output());
    if (n.op == "prelu" && g_.constant(n.input(1)) && (g_.constant(n.input(1))->count() == 1 || !channelwise_constants(g_, n).empty())) return tie_all(n.input(0), n.output());
    const bool carries = is_unary(n) || is_any(n, {"max_pool", "avg_pool", "reduce_mean", "reduce_max", "reduce_sum", "pad", "transpose", "resize"});
    if (!carries || !keeps_last_axis(g_, n) || channels_of(g_, n.input(0)) != channels_of(g_, n.output())) return fix_all(n);
    tie_all(n.input(0), n.output());
  }

  void visit_layer(const Node& n) {
    const int64_t times = multiplier(g_, n);
    for (int64_t o = 0; times > 0 && o < channels_of(g_, n.output()); ++o) tie(n.input(0), o / times, n.output(), o);
  }

  void visit_concat(const Node& n) {
    int64_t at = 0;
    const bool beside = is_last(g_, n, n.integer("axis"));
    for (ValueId in : n.inputs) {
      if (g_.constant(in) || channels_of(g_, in) == 0) return fix_all(n);
      if (beside)
        for (int64_t c = 0; c < channels_of(g_, in); ++c) tie(in, c, n.output(), at++);
      else tie_all(in, n.output());
    }
  }

  void visit_binary(const Node& n) {
    const std::vector<size_t> constants = channelwise_constants(g_, n);
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      const ValueId in = n.input(i);
      if (g_.constant(in) ? g_.constant(in)->count() > 1 && std::find(constants.begin(), constants.end(), i) == constants.end() : channels_of(g_, in) != channels_of(g_, n.output())) return fix_all(n);
    }
    for (ValueId in : n.inputs)
      if (!g_.constant(in)) tie_all(in, n.output());
  }

  // Flattening repeats the channels, other reshapes keep them or are none that we follow.
  void visit_reshape(const Node& n) {
    const std::vector<int64_t> shape = n.integers("shape");
    if (shape.empty() || n.inputs.size() != 1 || channels_of(g_, n.output()) < channels_of(g_, n.input(0))) return fix_all(n);
    const bool spreads = channels_of(g_, n.output()) != channels_of(g_, n.input(0));
    if (spreads && shape.back() != -1 && std::count(shape.begin(), shape.end(), -1) > 0) return fix_all(n);
    tie_all(n.input(0), n.output());
  }

  std::vector<Unit> units() {
    std::vector<Unit> out;
    std::map<size_t, size_t> of_root;
    for (uint32_t v = 0; v < g_.value_count(); ++v) {
      const Value& value = g_.value(ValueId{v});
      if (value.constant || (!value.producer.valid() && !g_.is_input(value.id))) continue;
      for (int64_t c = 0; c < channels_of(g_, value.id); ++c) {
        const size_t r = root(element(value.id, c));
        const auto [it, fresh] = of_root.emplace(r, out.size());
        if (fresh) out.push_back({{}, 0, fixed_[r]});
        out[it->second].channels.push_back({value.id, c});
      }
    }
    set_families(out);
    return out;
  }

  static void set_families(std::vector<Unit>& units) {
    std::map<std::vector<uint32_t>, size_t> known;
    for (Unit& u : units) {
      std::vector<uint32_t> values;
      for (const Channel& c : u.channels) values.push_back(c.value.index);
      u.family = known.emplace(std::move(values), known.size()).first->second;
    }
  }

  const Graph& g_;
  std::vector<size_t> first_, parent_;
  std::vector<bool> fixed_;
};

// By value: which channels stay.
using Kept = std::vector<std::vector<bool>>;

Kept kept_channels(const Graph& g, std::span<const Unit> units, const std::vector<bool>& gone) {
  Kept out(g.value_count());
  for (uint32_t v = 0; v < g.value_count(); ++v)
    if (!g.value(ValueId{v}).constant) out[v].assign(static_cast<size_t>(channels_of(g, ValueId{v})), true);
  for (size_t u = 0; u < units.size(); ++u)
    if (gone[u])
      for (const Channel& c : units[u].channels) out[c.value.index][static_cast<size_t>(c.index)] = false;
  return out;
}

int64_t count_kept(const Kept& kept, ValueId v) { return std::count(kept[v.index].begin(), kept[v.index].end(), true); }

// The tensor with the kept indices of one axis alone.
Tensor sliced(const Tensor& t, int axis, const std::vector<bool>& kept) {
  Shape shape = t.shape();
  shape[axis] = static_cast<int32_t>(std::count(kept.begin(), kept.end(), true));
  Tensor out(t.dtype(), shape);
  const auto inner = dtype_bytes(t.dtype(), static_cast<size_t>(shape.count(axis + 1, shape.rank)));
  uint8_t* to = out.data();
  const uint8_t* from = t.bytes().data();
  for (int64_t o = 0; o < shape.count(0, axis); ++o)
    for (const bool stays : kept) {
      if (stays) std::copy_n(from, inner, to), to += inner;
      from += inner;
    }
  return out;
}

class Removal {
 public:
  Removal(const Graph& graph, Kept kept) : g_(graph), kept_(std::move(kept)) {}

  Result<Graph> run() {
    for (NodeId id : std::vector<NodeId>(g_.order())) VERGE_CHECK(rewrite(id));
    for (uint32_t v = 0; v < g_.value_count(); ++v) {
      Value& value = g_.value(ValueId{v});
      if (!value.constant && !g_.is_input(value.id)) value.type.dims.clear(), value.type.ranked = false;
    }
    VERGE_CHECK(ops::infer_types(g_), "after channels went");
    return g_.compacted();
  }

 private:
  bool loses(ValueId v) const { return v.valid() && std::count(kept_[v.index].begin(), kept_[v.index].end(), false) > 0; }

  void set_input(NodeId id, size_t i, Tensor tensor) {
    const ValueId old = g_.node(id).inputs[i];
    const ValueId fresh = g_.add_constant(std::move(tensor), g_.value(old).name);
    kept_.resize(g_.value_count());
    g_.node(id).inputs[i] = fresh;
  }

  Result<void> rewrite(NodeId id) {
    const Node n = g_.node(id);
    if (n.outputs.size() != 1) return done();
    if (loses(n.output()) && count_kept(kept_, n.output()) == 0) return invalid(describe(n) + ": every channel of its output would go; keep more");
    if (is_layer(g_, n)) {
      rewrite_layer(id, n);
    } else if (loses(n.output())) {
      for (const size_t i : channelwise_constants(g_, n)) set_input(id, i, sliced(*g_.constant(n.input(i)), g_.constant(n.input(i))->shape().rank - 1, kept_[n.output().index]));
      if (n.op == "reshape" && n.integers("shape").back() > 0) {
        std::vector<int64_t> shape = n.integers("shape");
        shape.back() = count_kept(kept_, n.output());
        g_.node(id).attrs["shape"] = shape;
      }
    }
    return done();
  }

  void rewrite_layer(NodeId id, const Node& n) {
    const std::vector<bool>&rows = kept_[n.output().index], &columns = kept_[n.input(0).index];
    const bool depthwise = multiplier(g_, n) > 0;
    Tensor weights = *g_.constant(n.input(1));
    if (loses(n.output())) weights = sliced(weights, 0, rows);
    if (loses(n.input(0)) && !depthwise) weights = sliced(weights, weights.shape().rank - 1, columns);
    const bool bias = loses(n.output()) && n.input(2).valid();
    const Tensor sliced_bias = bias ? sliced(*g_.constant(n.input(2)), 0, rows) : Tensor();
    if (depthwise) g_.node(id).attrs["groups"] = count_kept(kept_, n.input(0));
    set_input(id, 1, std::move(weights));
    if (bias) set_input(id, 2, sliced_bias);
  }

  Graph g_;
  Kept kept_;
};

int64_t macs_of(const Graph& g) {
  int64_t sum = 0;
  for (NodeId id : g.order()) sum += ops::cost_of(g, g.node(id)).macs;
  return sum;
}

double row_norm(const Tensor& w, int64_t row) {
  const int64_t inner = w.shape().count(1, w.shape().rank);
  double sum = 0;
  for (int64_t i = 0; i < inner; ++i) sum += w.at(row * inner + i) * w.at(row * inner + i);
  return std::sqrt(sum);
}

// By node: the norm of each row of weights over the layer's mean.
std::map<uint32_t, std::vector<double>> relative_norms(const Graph& g) {
  std::map<uint32_t, std::vector<double>> out;
  for (NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (!is_layer(g, n)) continue;
    const Tensor& w = *g.constant(n.input(1));
    std::vector<double>& norms = out[n.output().index];
    for (int64_t r = 0; r < w.shape()[0]; ++r) norms.push_back(row_norm(w, r));
    const double mean = std::accumulate(norms.begin(), norms.end(), 0.0) / static_cast<double>(norms.size());
    for (double& x : norms) x /= std::max(mean, 1e-30);
  }
  return out;
}

std::map<uint32_t, std::vector<double>> normalisation_factors(const Graph& g) {
  std::map<uint32_t, std::vector<double>> out;
  for (NodeId id : g.order()) {
    const Node& n = g.node(id);
    const Tensor* scale = n.op == "batch_norm" ? g.constant(n.input(1)) : nullptr;
    if (!scale) continue;
    for (double x : scale->to_doubles()) out[n.output().index].push_back(std::fabs(x));
  }
  return out;
}

// The work that a family's next units save, in the layers that they touch.
class Saving {
 public:
  Saving(const Graph& graph, std::span<const Unit> units) : g_(graph), units_(units), macs_(macs_without(graph, units, std::vector<bool>(units.size()))) {}
  int64_t macs() const { return macs_; }
  int64_t of(const std::vector<bool>& gone, std::span<const size_t> more) const {
    std::vector<bool> then = gone;
    for (size_t u : more) then[u] = true;
    return macs_ - macs_without(g_, units_, then);
  }
  void take(const std::vector<bool>& gone) { macs_ = macs_without(g_, units_, gone); }

 private:
  const Graph& g_;
  std::span<const Unit> units_;
  int64_t macs_;
};

}  // namespace

std::vector<Unit> find_units(const Graph& graph) { return Tying(graph).run(); }

int64_t macs_without(const Graph& graph, std::span<const Unit> units, const std::vector<bool>& gone) {
  const Kept kept = kept_channels(graph, units, gone);
  int64_t sum = 0;
  for (NodeId id : graph.order()) {
    const Node& n = graph.node(id);
    int64_t macs = ops::cost_of(graph, n).macs;
    if (is_layer(graph, n)) {
      macs = macs / channels_of(graph, n.output()) * count_kept(kept, n.output());
      if (multiplier(graph, n) == 0) macs = macs / channels_of(graph, n.input(0)) * count_kept(kept, n.input(0));
    }
    sum += macs;
  }
  return sum;
}

Result<Graph> without_units(const Graph& graph, std::span<const Unit> units, const std::vector<bool>& gone) { return Removal(graph, kept_channels(graph, units, gone)).run(); }

Graph without_block(const Graph& graph, const Block& block) {
  Graph out = graph;
  out.replace_uses(graph.node(block.sum).output(), block.kept);
  out.remove_dead();
  return out.compacted();
}

std::vector<Block> find_blocks(const Graph& graph) {
  std::vector<Block> out;
  const int64_t whole = macs_of(graph);
  for (NodeId id : graph.order()) {
    const Node& n = graph.node(id);
    if (n.op != "add" || graph.is_output(n.output())) continue;
    for (size_t i : {size_t{0}, size_t{1}}) {
      const ValueId kept = n.input(1 - i), branch = n.input(i);
      if (!graph.producer(branch) || graph.constant(kept) || graph.type(kept).dims != graph.type(n.output()).dims) continue;
      Block block{id, kept, branch, graph.producer(branch)->name, 0};
      block.macs = whole - macs_of(without_block(graph, block));
      if (block.macs > 0) out.push_back(std::move(block));
    }
  }
  return out;
}

Result<std::vector<double>> unit_scores(const Graph& graph, std::span<const Unit> units, Criterion criterion) {
  const auto factors = criterion == Criterion::kNorm ? normalisation_factors(graph) : relative_norms(graph);
  std::vector<double> out;
  for (const Unit& u : units) {
    double sum = 0, count = 0;
    for (const Channel& c : u.channels)
      if (const auto found = factors.find(c.value.index); found != factors.end()) sum += found->second[static_cast<size_t>(c.index)], ++count;
    if (count == 0 && !u.fixed && criterion == Criterion::kNorm)
      return invalid("the channels of '" + graph.value(u.channels[0].value).name + "' pass no batch normalisation, whose factors were to decide; decide by magnitude or taylor, or take a model whose normalisation is not folded");
    out.push_back(count > 0 ? sum / count : 0);
  }
  return out;
}

Result<Choice> choose_units(const Graph& graph, std::span<const Unit> units, std::span<const double> scores, double share, int64_t whole_macs, size_t multiple) {
  std::map<size_t, std::vector<size_t>> families;  // free units, the least first
  for (size_t u = 0; u < units.size(); ++u)
    if (!units[u].fixed) families[units[u].family].push_back(u);
  for (auto& [family, of] : families) std::stable_sort(of.begin(), of.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  Saving saving(graph, units);
  Choice out{std::vector<bool>(units.size()), saving.macs(), saving.macs()};
  const auto most = static_cast<int64_t>(share * static_cast<double>(whole_macs));
  while (out.macs > most) {
    std::vector<size_t>* best = nullptr;
    double least = 0;
    for (auto& [family, of] : families) {
      if (of.size() < 2 * multiple) continue;
      const std::span<const size_t> next(of.data(), multiple);
      double worth = 0;
      for (size_t u : next) worth += scores[u];
      const double price = worth / static_cast<double>(std::max<int64_t>(saving.of(out.gone, next), 1));
      if (!best || price < least) best = &of, least = price;
    }
    if (!best)
      return Error(Code::kBudget, format("with %zu channels a step %.1f %% of the multiplications stay, %.1f %% were wanted; go in smaller steps (\"multiple\"), or remove a block",
                                         multiple, 100.0 * static_cast<double>(out.macs) / static_cast<double>(whole_macs), 100 * share));
    for (size_t i = 0; i < multiple; ++i) out.gone[(*best)[i]] = true;
    best->erase(best->begin(), best->begin() + static_cast<ptrdiff_t>(multiple));
    saving.take(out.gone);
    out.macs = saving.macs();
  }
  return out;
}

}  // namespace verge::prune
