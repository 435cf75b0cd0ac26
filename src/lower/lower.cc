#include "lower/lower.h"

#include "core/text.h"
#include "lower/program_builder.h"
#include "ops/op.h"

namespace verge {
namespace {

// Every reason why the graph as it stands cannot become a Program.
std::vector<std::string> blockers(const Graph& graph) {
  std::vector<std::string> out;
  for (ValueId in : graph.inputs())
    if (!graph.type(in).is_static())
      out.push_back("input '" + graph.value(in).name + "' is " + graph.type(in).text() + ": give its sizes, as in --dim " +
                    [&] {
                      for (const Dim& d : graph.type(in).dims)
                        if (!d.known() && !d.symbol.empty()) return d.symbol;
                      return std::string("N");
                    }() +
                    "=1");
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const ops::OpDef* def = ops::find_op(node.op);
    if (!def || !def->methods->lower) {
      out.push_back(describe(node) + ": no lowering for this operator");
      continue;
    }
    for (ValueId v : node.outputs)
      if (v.valid() && !graph.type(v).is_static() && out.empty()) out.push_back(describe(node) + ": its output " + graph.type(v).text() + " has no fixed shape");
  }
  return out;
}

}  // namespace

Result<Lowered> lower(const Graph& graph, const ops::LowerOptions& options, std::span<const StateBinding> states) {
  if (const auto reasons = blockers(graph); !reasons.empty()) return unsupported(join(reasons, "\n"));
  ProgramBuilder builder(graph, options);
  Lowered out;
  for (const StateBinding& state : states) builder.add_state(state);
  for (ValueId in : graph.inputs()) builder.tensor(in);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    builder.begin_node(node);
    VERGE_CHECK(ops::find_op(node.op)->methods->lower(node, builder), describe(node));
    const int64_t macs = ops::cost_of(graph, node).macs;
    builder.end_node(macs);
    out.macs += macs;
  }
  VERGE_TRY(out.program, builder.finish(out.macs));
  out.value_tensor = builder.value_tensors();
  out.arena_bytes = builder.arena().bytes;
  out.arena_lower_bound = builder.arena().lower_bound;
  return out;
}

}  // namespace verge
