#include <cstdio>
#include <map>
#include <optional>

#include "core/text.h"
#include "eval/bench.h"
#include "eval/compare.h"
#include "os/file.h"
#include "report/graph_page.h"
#include "verge/data_options.h"
#include "verge/placement_options.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  PlacementOptions placement;
  std::string output, against;
  bool times = true;
};

std::string type_text(const TensorView& v) { return TensorType(v.dtype, v.shape).text(); }

// Which instruction wrote the memory that a tensor begins at: a reshape is no instruction, its output is another tensor at the same place.
class Writers {
 public:
  explicit Writers(const rt::Model& model) : model_(model) {}
  void wrote(uint32_t tensor, size_t instruction) {
    if (tensor < model_.tensor_count()) by_place_[place_of(tensor)] = instruction;
  }
  std::optional<size_t> of(uint32_t tensor) const {
    const auto found = tensor < model_.tensor_count() ? by_place_.find(place_of(tensor)) : by_place_.end();
    return found == by_place_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::pair<uint8_t, uint32_t> place_of(uint32_t tensor) const { return {model_.tensor(tensor).section, model_.tensor(tensor).offset}; }
  const rt::Model& model_;
  std::map<std::pair<uint8_t, uint32_t>, size_t> by_place_;
};

// Nodes of a Program: instructions, with the tensors that lead from one to the next.
std::vector<GraphNode> nodes_of(const rt::Model& model) {
  std::vector<GraphNode> out;
  Writers writers(model);
  for (size_t i = 0; i < model.instruction_count(); ++i) {
    const rt::InstructionRecord& r = model.instruction(i);
    GraphNode n;
    n.name = model.instruction_name(i);
    n.op = model.operator_name(i);
    n.place = "verge";
    n.macs = static_cast<double>(r.macs);
    const uint32_t* args = model.args(i);
    for (int a = 0; a < r.in_count; ++a)
      if (const auto from = writers.of(args[a]); from && !std::count(n.inputs.begin(), n.inputs.end(), *from)) n.inputs.push_back(*from);
    for (int a = r.in_count; a < r.in_count + r.out_count; ++a) writers.wrote(args[a], i);
    if (r.out_count && args[r.in_count] < model.tensor_count()) n.type = type_text(model.describe(args[r.in_count]));
    out.push_back(std::move(n));
  }
  return out;
}

Result<void> add_times(LoadedModel& m, GraphPage& page) {
  BenchOptions options;
  options.seconds = 0.5;
  VERGE_TRY(const BenchResult r, bench(m.executable, random_inputs(m.executable.model(), 1), options));
  for (size_t i = 0; i < r.profile.size() && i < page.nodes.size(); ++i) page.nodes[i].ms = r.profile[i].p50_ms;
  page.facts.push_back(format("%.4f ms for one inference (median of %zu, measured on this machine)", r.warm.p50_ms, r.warm.runs));
  return done();
}

Result<void> add_errors(const Options& o, const LoadOptions& load, LoadedModel& m, GraphPage& page) {
  VERGE_TRY(LoadedModel other, load_model(o.against, load));
  constexpr size_t kSamples = 4;
  std::vector<Sample> samples(kSamples);
  for (size_t s = 0; s < kSamples; ++s) samples[s].inputs = random_inputs(m.executable.model(), s + 1);
  const TensorDataset data(std::move(samples), {});
  VERGE_TRY(const std::vector<TensorDifference> differences, compare_tensors(m.executable, other.executable, data, data, kSamples));
  const TensorDifference* first = first_diverging(differences);
  for (const TensorDifference& d : differences) {
    GraphNode& n = page.nodes[d.instruction];
    n.error = d.relative, n.diverges = first && d.relative >= first->relative;
  }
  page.facts.push_back(format("%zu tensors compared with %s on random inputs; ", differences.size(), o.against.c_str()) + (first ? "the first that diverges is '" + first->name + "'" : "none diverges"));
  return done();
}

// An ONNX file as its nodes were placed.
Result<GraphPage> placed_page(const Options& o, LoadOptions load, const Engine& engine) {
  load.delegate = engine.delegate;
  load.plugins = engine.plugins;
  VERGE_TRY(const auto source, open_parts(o.model.path, load));
  VERGE_TRY(const std::vector<formats::PartSource::FileNode> nodes, source->nodes());
  VERGE_TRY(const std::vector<ops::HostValue> inputs, trial_inputs(source->inputs(), load));
  VERGE_TRY(const Placement placement, place_nodes(o.model.path, load, inputs, engine.all));
  GraphPage page;
  std::map<std::string, size_t> written_by;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const NodePlace& p = placement.nodes[i];
    GraphNode n{.name = p.node, .op = p.op, .type = "", .place = p.place, .note = p.reason};
    for (const std::string& in : nodes[i].inputs)
      if (const auto from = written_by.find(in); from != written_by.end()) n.inputs.push_back(from->second);
    for (const std::string& out : nodes[i].outputs) written_by[out] = i;
    page.nodes.push_back(std::move(n));
  }
  page.facts.push_back(std::to_string(nodes.size()) + " nodes of the file, " + std::to_string(placement.parts) + " parts");
  return page;
}

Result<GraphPage> program_page(const Options& o, const LoadOptions& load) {
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  const rt::Model& model = m.executable.model();
  GraphPage page;
  page.nodes = nodes_of(model);
  page.facts.push_back(format("%s, %zu instructions, %s MACs, weights %s, arena %s", m.format.c_str(), model.instruction_count(), with_commas(static_cast<int64_t>(model.macs())).c_str(),
                              human_bytes(static_cast<double>(model.const_bytes())).c_str(), human_bytes(static_cast<double>(model.arena_bytes())).c_str()));
  if (o.times) VERGE_CHECK(add_times(m, page));
  if (!o.against.empty()) VERGE_CHECK(add_errors(o, load, m, page));
  return page;
}

Result<void> view(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(o.placement));
  VERGE_TRY(GraphPage page, engine ? placed_page(o, load, *engine) : program_page(o, load));
  page.title = o.model.path.substr(o.model.path.rfind('/') + 1);
  VERGE_CHECK(write_file(o.output, graph_html(page)));
  std::fprintf(stderr, "wrote %s (%zu nodes)\n", o.output.c_str(), page.nodes.size());
  return done();
}

}  // namespace

void add_view(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("view", "Draw a model as an HTML page: shapes, placement, times, and how far its values are from another's\n\nExample: verge view model.vpk -o model.html");
  add_model_options(*sub, options->model);
  add_placement_options(*sub, options->placement);
  sub->add_option("-o,--output", options->output, "the page (.html)")->required();
  sub->add_option("--against", options->against, "another model with the same inputs, for the errors");
  sub->add_flag("!--no-times", options->times, "do not measure");
  commands.push_back({sub, [options] { return view(*options); }});
}

}  // namespace verge::cli
