#include "passes/pass.h"

#include <algorithm>
#include <chrono>

#include "core/text.h"
#include "ops/op.h"

namespace verge::passes {
namespace {

using Names = std::vector<std::string>;

bool contains(const Names& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

bool looks_at(const Rule& rule, const std::string& op) { return *rule.ops == '\0' || contains(split(rule.ops, ' '), op); }

// The rules of `pass` that the options leave; a pass that is named brings all its rules.
std::vector<const Rule*> chosen_rules(const Pass& pass, const PassOptions& options) {
  std::vector<const Rule*> out;
  for (const Rule* rule : pass.rules)
    if (!contains(options.skip, rule->name) && (options.only.empty() || contains(options.only, pass.name) || contains(options.only, rule->name)))
      out.push_back(rule);
  return out;
}

Result<void> check_names(std::span<const Pass> passes, const PassOptions& options) {
  Names known;
  for (const Pass& pass : passes) {
    known.push_back(pass.name);
    for (const Rule* rule : pass.rules) known.push_back(rule->name);
  }
  for (const Names* asked : {&options.only, &options.skip})
    for (const std::string& name : *asked)
      if (!contains(known, name)) return invalid("no pass or rule is called '" + name + "'; there are " + join(known, ", "));
  return done();
}

// A patch keeps what is known of the type of each value that it replaces.
Result<void> check_type(const Graph& graph, ValueId from, ValueId to) {
  const TensorType &was = graph.type(from), &is = graph.type(to);
  bool same = (was.dtype == DataType::kNone || (was.dtype == is.dtype && was.quant == is.quant)) && (!was.ranked || (is.ranked && was.rank() == is.rank()));
  for (int i = 0; same && was.ranked && i < was.rank(); ++i) same = !was.dims[i].known() || !is.dims[i].known() || was.dims[i] == is.dims[i];
  if (!same) return internal("value '" + graph.value(from).name + "' was " + was.text() + " and is replaced by " + is.text());
  return done();
}

Result<void> apply(Graph& graph, const Patch& patch) {
  const size_t old_nodes = graph.node_count();
  patch.apply(graph);
  for (const NodeId id : graph.order())
    if (id.index >= old_nodes) VERGE_CHECK(ops::infer_node(graph, graph.node(id)));
  for (const auto& [from, to] : patch.replacements()) VERGE_CHECK(check_type(graph, from, to));
  return done();
}

// Applies the first of the rules that has something to say of the node.
Result<bool> rewrite(Graph& graph, const std::vector<const Rule*>& rules, NodeId id) {
  for (const Rule* rule : rules) {
    const Node& node = graph.node(id);
    if (!looks_at(*rule, node.op)) continue;
    const std::optional<Patch> patch = rule->propose(graph, node);
    if (!patch) continue;
    const std::string where = std::string("rule ") + rule->name + " at " + describe(node);
    VERGE_CHECK(apply(graph, *patch), where);
    return true;
  }
  return false;
}

Result<size_t> run_rules(Graph& graph, const std::vector<const Rule*>& rules) {
  const size_t most = 64 * (graph.order().size() + 1);
  size_t changes = 0;
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < graph.order().size();) {
      VERGE_TRY(const bool changed, rewrite(graph, rules, graph.order()[i]));
      again |= changed;
      changes += changed;
      i += !changed;
      if (changes > most) return internal("the rules undo each other's work: still changing after " + std::to_string(most) + " changes");
    }
  }
  return changes;
}

size_t count_transposes(const Graph& graph) {
  return static_cast<size_t>(std::count_if(graph.order().begin(), graph.order().end(), [&](NodeId id) { return graph.node(id).op == "transpose"; }));
}

Result<PassRecord> run_one(Graph& graph, const Pass& pass, const std::vector<const Rule*>& rules) {
  const auto start = std::chrono::steady_clock::now();
  PassRecord record;
  record.name = pass.name;
  VERGE_TRY(record.changes, pass.run ? pass.run(graph) : run_rules(graph, rules));
  if (record.changes) {
    VERGE_CHECK(ops::infer_types(graph));
    VERGE_CHECK(graph.validate());
  }
  record.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  record.nodes = graph.order().size();
  record.transposes = count_transposes(graph);
  return record;
}

}  // namespace

Result<PassReport> run_passes(Graph& graph, std::span<const Pass> passes, const PassOptions& options) {
  VERGE_CHECK(check_names(passes, options));
  VERGE_CHECK(ops::infer_types(graph));
  VERGE_CHECK(graph.validate());
  PassReport report{graph.order().size(), count_transposes(graph), {}};
  for (const Pass& pass : passes) {
    const std::vector<const Rule*> rules = chosen_rules(pass, options);
    const bool wanted = pass.run ? options.only.empty() || contains(options.only, pass.name) : !rules.empty();
    if (!wanted || contains(options.skip, pass.name)) continue;
    VERGE_TRY(PassRecord record, run_one(graph, pass, rules), std::string("pass ") + pass.name);
    if (options.after) options.after(record, graph);
    report.passes.push_back(std::move(record));
  }
  return report;
}

}  // namespace verge::passes
