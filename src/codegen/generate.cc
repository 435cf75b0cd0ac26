#include <algorithm>

#include "codegen/codegen.h"
#include "codegen/estimate.h"
#include "codegen/family.h"
#include "codegen/layout.h"
#include "codegen/prepare.h"
#include "codegen/print.h"
#include "core/text.h"

namespace verge::codegen {
namespace {

struct TargetFamily {
  const char* name;
  Family family;
};
constexpr TargetFamily kTargets[] = {{"cortex-m0plus", Family::kPlain},  {"cortex-m4", Family::kDsp},  {"cortex-m7", Family::kDsp},
                                     {"cortex-m33", Family::kDsp},       {"cortex-m55", Family::kMve}, {"riscv32", Family::kPlain},
                                     {"xtensa-esp32s3", Family::kPlain}, {"host", Family::kPlain}};

Result<Family> family_of(const std::string& target) {
  for (const TargetFamily& t : kTargets)
    if (target == t.name) return t.family;
  return invalid("--target " + target + ": there is no such target; there are " + join(target_names(), ", "));
}

// Products that the family's kernels do not hold take the one that holds any.
Network with_general_products(Family family, Network network) {
  for (Layer& l : network.layers)
    if (misfit(family, l)) make_general(l);
  return network;
}

// Weights that fit 4 bits are stored so.
void store_nibbles(Network& network) {
  for (Layer& l : network.layers) {
    const auto fits = [](int8_t w) { return w >= -8 && w <= 7; };
    if ((l.kind != Kind::kConv && l.kind != Kind::kDense) || !std::all_of(l.product.weights.begin(), l.product.weights.end(), fits)) continue;
    l.kind = Kind::kConv;
    l.nibbles = true;
  }
}

// Bytes of floats depend on the compiler: a self-test that compares them would fail where nothing is wrong.
Result<void> check_selftest(const Network& network) {
  for (const Layer& l : network.layers)
    if (network.buffers[static_cast<size_t>(l.out)].dtype == DataType::kF32)
      return unsupported("--selftest compares bytes, and layer '" + l.name + "' makes floats; leave --selftest out");
  return done();
}

// Whether rows of the input can come one by one.
Result<void> check_lines(const Options& o, const Network& network) {
  if (o.mode != Mode::kSmall) return invalid("--input lines: only --mode small makes rows one by one; add --mode small");
  if (network.inputs.size() != 1) return unsupported("--input lines: the model has " + std::to_string(network.inputs.size()) + " inputs; one is supported");
  const Rows rows = rows_of(network, network.inputs[0]);
  if (rows.count < 2) return unsupported("--input lines: the input has one row; leave the option out");
  return done();
}

struct Placed {
  Network network;
  Layout layout;
};

Placed whole_network(Family family, Network network) {
  prepare(family, std::vector<bool>(network.layers.size(), false), network);
  Layout layout = place(family, network, cut_runs(family, network, false));
  return Placed{std::move(network), std::move(layout)};
}

// Scratch of convolutions by pairs is halved where it takes much.
void halve_scratch(Family family, Network& network) {
  constexpr int64_t kMuch = 3000;
  for (Layer& l : network.layers)
    if (family == Family::kDsp && l.kind == Kind::kConv && !l.nibbles && l.window.out_w % 2 == 0 && scratch_bytes(family, l) > kMuch) l.pixels = 2;
}

// Rows through runs of layers; those that stay alone are made whole, by the faster kernels.
Placed streamed_network(Family family, Network network) {
  halve_scratch(family, network);
  Network rows = network, out = network;
  prepare(family, std::vector<bool>(network.layers.size(), true), rows);
  std::vector<Run> runs = cut_runs(family, rows, true);
  std::vector<bool> by_rows(network.layers.size(), false);
  for (const Run& r : runs)
    for (int i = r.first; i < r.last; ++i) by_rows[static_cast<size_t>(i)] = r.streams();
  prepare(family, by_rows, out);
  Layout layout = place(family, out, runs);
  if (family == Family::kMve && layout.arena_bytes > UINT16_MAX) {  // depthwise kernels for rows reach no further
    for (Layer& l : out.layers) l.pitch = 0;
    layout = place(family, out, std::move(runs));
  }
  return Placed{std::move(out), std::move(layout)};
}

Result<Placed> place_network(Family family, Mode mode, const Network& network) {
  if (mode != Mode::kSmall) return whole_network(family, network);
  Placed streamed = streamed_network(family, network);
  if (!network.lines) {
    Placed whole = whole_network(family, network);
    return streamed.layout.arena_bytes < whole.layout.arena_bytes ? std::move(streamed) : std::move(whole);
  }
  if (streamed.layout.runs.empty())
    return unsupported("--input lines: layer '" + network.layers[0].name + "' or another that reads the input needs all of it; leave the option out");
  return streamed;
}

// "the input (27,648 bytes), scratch": what is in use while layer i's run goes on.
std::string alive_at(const Network& network, const Layout& layout, int i) {
  std::vector<std::string> out;
  const size_t at = static_cast<size_t>(std::find_if(layout.runs.begin(), layout.runs.end(), [&](const Run& r) { return i < r.last; }) - layout.runs.begin());
  const Run& run = layout.runs[at];
  for (size_t b = 0; b < network.buffers.size(); ++b) {
    const Buffer& x = network.buffers[b];
    if (x.first >= run.last || x.last < run.first) continue;
    const std::string name =
        x.first < 0 ? "the input" : "the output of layer " + std::to_string(x.first) + " '" + network.layers[static_cast<size_t>(x.first)].name + "'";
    const std::string rows = run.rows_only.count(static_cast<int>(b)) ? "rows of " : "";
    out.push_back(rows + name + " (" + with_commas(held_bytes(network, run, static_cast<int>(b))) + " bytes)");
  }
  if (layout.scratch[at] >= 0) out.push_back("scratch");
  return join(out, ", ");
}

Report report_of(Family family, const Placed& placed, const Sheet& sheet) {
  const Network& network = placed.network;
  Report out;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& l = network.layers[i];
    const int64_t instructions = estimated_instructions(family, l);
    out.layers.push_back(
        {l.name, kind_name(l.kind), l.macs, sheet.layers[i].weight_bytes, live_bytes(network, placed.layout, static_cast<int>(i)), instructions});
    out.weight_bytes += sheet.layers[i].weight_bytes;
    out.macs += l.macs;
    out.instructions += instructions;
  }
  out.code_bytes = estimated_code_bytes(family, network);
  out.stack_bytes = stack_bound(family, network);
  out.arena_bytes = placed.layout.arena_bytes;
  out.arena_lower_bound = placed.layout.lower_bound;
  out.peak_layer = placed.layout.peak_layer;
  if (!network.layers.empty()) out.peak_tensors = alive_at(network, placed.layout, out.peak_layer);
  return out;
}

}  // namespace

const std::vector<std::string>& target_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const TargetFamily& t : kTargets) out.push_back(t.name);
    return out;
  }();
  return names;
}

std::string identifier(const std::string& stem) {
  std::string out;
  for (char c : stem) out += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) ? "model_" + out : out;
}

Result<void> check_budget(const Report& r, const Budget& budget) {
  std::vector<std::string> findings;
  const auto check = [&](int64_t needed, int64_t limit, const char* option, const char* unit, const std::string& made_of) {
    if (limit > 0 && needed > limit)
      findings.push_back(std::string(option) + " " + with_commas(limit) + ": the model needs " + with_commas(needed) + " " + unit + ": " + made_of);
  };
  check(r.ram_bytes(), budget.ram, "--max-ram", "bytes",
        "an arena of " + with_commas(r.arena_bytes) + " and a stack of " + with_commas(r.stack_bytes) + "; its peak is layer " + std::to_string(r.peak_layer) +
            ", which holds " + r.peak_tensors + ". Try --mode small");
  check(r.flash_bytes(), budget.flash, "--max-flash", "bytes",
        "weights of " + with_commas(r.weight_bytes) + " and about " + with_commas(r.code_bytes) + " of code");
  check(r.instructions, budget.instructions, "--max-instructions", "instructions", "an estimate for " + with_commas(r.macs) + " multiplications");
  if (findings.empty()) return done();
  return Error(Code::kBudget, join(findings, "\n"));
}

std::vector<uint8_t> test_input(size_t bytes) {
  std::vector<uint8_t> out(bytes);
  uint32_t state = 1;
  for (uint8_t& b : out) b = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return out;
}

uint32_t layer_hash(const uint8_t* bytes, size_t count) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

std::vector<std::string> check_names(const Options& options) {
  std::vector<std::string> out;
  if (options.name != identifier(options.name)) out.push_back("--name " + options.name + ": wants a C identifier, as " + identifier(options.name));
  if (const auto family = family_of(options.target); !family.ok()) out.push_back(family.error().message());
  return out;
}

std::vector<std::string> check_operators(const rt::Model& model) {
  const Result<Network> network = read_network(model);
  return network.ok() ? std::vector<std::string>() : std::vector<std::string>{network.error().message()};
}

namespace {

// What one list of tensors lacks.
template <typename Bytes> void compare_sizes(size_t vector, const char* what, const std::vector<std::vector<uint8_t>>& given, size_t wanted, const Bytes& bytes,
                                             std::vector<std::string>& findings) {
  const std::string where = "golden vector " + std::to_string(vector) + ": ";
  if (given.size() != wanted) findings.push_back(where + std::to_string(given.size()) + " " + what + "s, the model has " + std::to_string(wanted));
  for (size_t i = 0; i < std::min(given.size(), wanted); ++i)
    if (given[i].size() != bytes(i))
      findings.push_back(where + what + " " + std::to_string(i) + " has " + with_commas(static_cast<int64_t>(given[i].size())) + " bytes, the model's " +
                         with_commas(static_cast<int64_t>(bytes(i))));
}

}  // namespace

std::vector<std::string> check_golden(const rt::Model& model, const std::vector<GoldenCase>& golden) {
  std::vector<std::string> out;
  for (size_t v = 0; v < golden.size(); ++v) {
    compare_sizes(
        v, "input", golden[v].inputs, model.input_count(), [&](size_t i) { return model.input(i).bytes(); }, out);
    compare_sizes(
        v, "output", golden[v].outputs, model.output_count(), [&](size_t i) { return model.output(i).bytes(); }, out);
  }
  return out;
}

Result<Generated> generate(const rt::Model& model, const Options& options) {
  if (const auto findings = check_names(options); !findings.empty()) return invalid(join(findings, "\n"));
  if (const auto findings = check_golden(model, options.golden); !findings.empty()) return invalid(join(findings, "\n"));
  VERGE_TRY(const Family family, family_of(options.target));
  VERGE_TRY(Network read, read_network(model));
  Network network = with_general_products(family, std::move(read));
  if (options.mode == Mode::kFlash) store_nibbles(network);
  if (options.lines) VERGE_CHECK(check_lines(options, network));
  network.lines = options.lines;
  VERGE_TRY(const Placed placed, place_network(family, options.mode, network));
  const Sheet sheet = print_layers(family, placed.network, placed.layout);
  Generated out;
  out.files.push_back({options.name + ".h", print_header(options, placed.network, placed.layout)});
  out.files.push_back({options.name + ".c", print_source(options, family, placed.network, placed.layout, sheet)});
  if (!options.layer_hashes.empty()) {
    VERGE_CHECK(check_selftest(network));
    if (options.layer_hashes.size() != network.layers.size())
      return invalid("golden hashes of " + std::to_string(options.layer_hashes.size()) + " layers, the model has " + std::to_string(network.layers.size()));
    out.files.push_back({options.name + "_selftest.c", print_selftest(options, placed.network, placed.layout)});
  }
  if (!options.golden.empty()) out.files.push_back({options.name + "_golden.c", print_golden(options, placed.network, placed.layout)});
  if (options.harness) out.files.push_back({"bench_" + options.name + ".c", print_harness(options)});
  out.report = report_of(family, placed, sheet);
  return out;
}

}  // namespace verge::codegen
