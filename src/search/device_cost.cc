#include "search/device_cost.h"

#include "codegen/codegen.h"
#include "lower/executable.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "packaging/package_file.h"
#include "passes/pipelines.h"
#include "quant/quantize.h"
#include "train/training_graph.h"

namespace verge::search {
namespace {

// Integers come in as the first layer wants them.
Result<void> take_integers(Graph& g) {
  const ValueId in = g.inputs()[0];
  for (NodeId id : g.users(in)) {
    const Node& node = g.node(id);
    if (node.op != "quantize") return unsupported(describe(node) + " reads the network's input as floats");
    const ValueId integers = node.output();
    g.value(in).type = g.type(integers);
    g.replace_uses(integers, in);
  }
  g.remove_dead();
  return ops::infer_types(g);
}

}  // namespace

Result<Graph> int8_network(const Graph& network) {
  Graph graph = network;
  VERGE_CHECK(train::set_batch(graph, 1));
  VERGE_CHECK(passes::prepare_unfused(graph));
  graph = graph.compacted();
  const TensorType& in = graph.type(graph.inputs()[0]);
  std::vector<Sample> samples(1);
  samples[0].inputs.push_back(seeded_tensor(in.dtype, in.shape(), 1));
  VERGE_TRY(const Calibration ranges, Calibration::run(graph, TensorDataset(std::move(samples), {})));
  VERGE_TRY(QuantizedGraph quantised, quantize_graph(graph, plan_quantization(graph, ranges, RangeMethod::kMinMax)));
  VERGE_CHECK(take_integers(quantised.graph));
  return quantised.graph.compacted();
}

Result<DeviceCost> device_cost(const Graph& network, const std::string& target) {
  VERGE_TRY(const Graph graph, int8_network(network));
  VERGE_TRY(const Lowered lowered, lower(graph));
  VERGE_TRY(const Executable executable, Executable::open(lowered.program));
  codegen::Options options;
  options.name = "network";
  options.target = target;
  VERGE_TRY(const codegen::Generated code, codegen::generate(executable.model(), options));
  const codegen::Report& r = code.report;
  return DeviceCost{r.ram_bytes(), r.flash_bytes(), r.instructions, r.macs};
}

}  // namespace verge::search
