// The runtime computes real numbers in f32. Values of f16, bf16 and f64 become f32 where an operator computes, and keep their type where elements only move
// or are stored: at the graph's inputs and outputs, and behind a cast of the model's own, which rounds as the model says. Arithmetic, products and comparisons of
// two f64 that were not computed in f32 before stay f64.
//
//   input %x: f16[4]              input %x: f16[4]
//   %y = exp(%x)            ->    %0 = cast(%x) {to="f32"}
//   output %y                     %1 = exp(%0)
//                                 %y = cast(%1) {to="f16"}
//                                 output %y
#include <algorithm>
#include <set>

#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

bool is_other_real(DataType dtype) { return is_float(dtype) && dtype != DataType::kF32; }

bool only_moves(const Node& node) {
  static const std::set<std::string> kMovers = {"reshape", "transpose", "slice", "split",  "concat",   "gather",         "gather_elements", "gather_nd", "expand",
                                                "tile",    "pad",       "where", "shape",  "identity", "depth_to_space", "space_to_depth",  "bit_cast"};
  return kMovers.count(node.op) != 0;
}

bool runs_in_f64(const Node& node) {
  static const std::set<std::string> kArithmetic = {"add", "sub",   "mul",        "div",     "pow",          "minimum", "maximum", "mod", "squared_difference",
                                                    "equal", "less", "less_equal", "greater", "greater_equal", "matmul"};
  return kArithmetic.count(node.op) != 0;
}

bool has_other_reals(const Graph& graph) {
  const auto other = [&](ValueId v) { return v.valid() && is_other_real(graph.type(v).dtype); };
  if (std::any_of(graph.inputs().begin(), graph.inputs().end(), other)) return true;
  return std::any_of(graph.order().begin(), graph.order().end(), [&](NodeId id) {
    const Node& node = graph.node(id);
    return !node.subgraphs.empty() || std::any_of(node.inputs.begin(), node.inputs.end(), other) || std::any_of(node.outputs.begin(), node.outputs.end(), other);
  });
}

class Rewriter {
 public:
  explicit Rewriter(const Graph& graph) : from_(graph), forms_(graph.value_count()) {}

  Result<Graph> run() {
    to_.name = from_.name;
    to_.metadata = from_.metadata;
    for (const ValueId in : from_.inputs()) forms_[in.index].own = to_.add_input(from_.value(in).name, from_.type(in));
    for (const NodeId id : from_.order()) VERGE_CHECK(add(from_.node(id)));
    for (size_t i = 0; i < from_.outputs().size(); ++i) to_.add_output(own(from_.outputs()[i]), from_.output_name(i));
    return std::move(to_);
  }

  size_t changes() const { return changes_; }

 private:
  // A value of the old graph in the new one: in its own type, and in f32.
  struct Forms {
    ValueId own, wide;
  };

  bool is_other(ValueId v) const { return v.valid() && is_other_real(from_.type(v).dtype); }
  // Whether it exists in its own type without a cast from f32.
  bool stands(ValueId v) const { return from_.constant(v) || forms_[v.index].own.valid(); }

  ValueId cast(ValueId value, DataType to, const std::string& name) {
    TensorType type = to_.type(value);
    type.dtype = to;
    const ValueId out = to_.add_value(name, std::move(type));
    to_.add_node({"cast", {value}, {{"to", std::string(dtype_name(to))}}, name + "/cast"}, {out});
    ++changes_;
    return out;
  }

  ValueId own(ValueId v) {
    if (!v.valid()) return {};
    Forms& f = forms_[v.index];
    if (f.own.valid()) return f.own;
    if (const Tensor* t = from_.constant(v)) {
      Tensor copy = *t;
      copy.set_quant(from_.type(v).quant);
      return f.own = to_.add_constant(std::move(copy), from_.value(v).name);
    }
    return f.own = cast(f.wide, from_.type(v).dtype, from_.value(v).name);
  }

  ValueId wide(ValueId v) {
    if (!is_other(v)) return own(v);
    Forms& f = forms_[v.index];
    if (f.wide.valid()) return f.wide;
    if (const Tensor* t = from_.constant(v)) return ++changes_, f.wide = to_.add_constant(cast_tensor(*t, DataType::kF32), from_.value(v).name);
    return f.wide = cast(f.own, DataType::kF32, from_.value(v).name + "/f32");
  }

  // The node with its inputs and outputs in f32, or as they are.
  void copy(const Node& node, bool in_f32) {
    std::vector<ValueId> in, out;
    for (const ValueId v : node.inputs) in.push_back(in_f32 ? wide(v) : own(v));
    for (const ValueId v : node.outputs) {
      out.push_back({});
      if (!v.valid()) continue;
      TensorType type = from_.type(v);
      const bool widened = in_f32 && is_other(v);
      if (widened) type.dtype = DataType::kF32;
      out.back() = to_.add_value(from_.value(v).name, std::move(type));
      (widened ? forms_[v.index].wide : forms_[v.index].own) = out.back();
      changes_ += widened;
    }
    to_.add_node({node.op, std::move(in), node.attrs, node.name, node.outputs.size(), node.subgraphs}, std::move(out));
  }

  // A cast of the model's reads its operand as it is stored, if it is.
  void add_cast(const Node& node) {
    const ValueId x = node.input(0), y = node.output(), in = is_other(x) && !stands(x) ? wide(x) : own(x);
    if (to_.type(in).dtype == from_.type(y).dtype) {
      forms_[y.index].own = in;
      return;
    }
    forms_[y.index].own = to_.add_value(from_.value(y).name, from_.type(y));
    to_.add_node({node.op, {in}, node.attrs, node.name}, {forms_[y.index].own});
  }

  Result<void> add(const Node& node) {
    if (!node.subgraphs.empty()) return add_with_bodies(node);
    if (node.op == "cast") return add_cast(node), done();
    const auto computed = [&](ValueId v) { return is_other(v) && !stands(v); };
    const bool f64 = node.input(0).valid() && from_.type(node.input(0)).dtype == DataType::kF64;
    const bool as_stored = (only_moves(node) || (f64 && runs_in_f64(node))) && std::none_of(node.inputs.begin(), node.inputs.end(), computed);
    copy(node, !as_stored);
    return done();
  }

  // Bodies keep the types of their inputs and outputs.
  Result<void> add_with_bodies(const Node& node) {
    Node changed = node;
    for (auto& [name, body] : changed.subgraphs) {
      Graph copy = *body;
      VERGE_TRY(const size_t changes, reals_to_f32(copy));
      changes_ += changes;
      if (changes) body = std::make_shared<const Graph>(std::move(copy));
    }
    copy(changed, false);
    return done();
  }

  const Graph& from_;
  Graph to_;
  std::vector<Forms> forms_;
  size_t changes_ = 0;
};

}  // namespace

Result<size_t> reals_to_f32(Graph& graph) {
  if (!has_other_reals(graph)) return size_t{0};
  Rewriter rewriter(graph);
  VERGE_TRY(Graph changed, rewriter.run());
  const size_t changes = rewriter.changes();
  if (changes) graph = std::move(changed);
  return changes;
}

}  // namespace verge::passes
