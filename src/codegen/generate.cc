#include <algorithm>

#include "codegen/codegen.h"
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
constexpr TargetFamily kTargets[] = {{"cortex-m0plus", Family::kPlain}, {"cortex-m4", Family::kDsp},   {"cortex-m7", Family::kDsp},          {"cortex-m33", Family::kDsp},
                                     {"cortex-m55", Family::kMve},      {"riscv32", Family::kPlain},   {"xtensa-esp32s3", Family::kPlain}, {"host", Family::kPlain}};

Result<Family> family_of(const std::string& target) {
  for (const TargetFamily& t : kTargets)
    if (target == t.name) return t.family;
  return invalid("--target " + target + ": there is no such target; there are " + join(target_names(), ", "));
}

Result<void> check_products(Family family, const Network& network) {
  std::vector<std::string> findings;
  for (const Layer& l : network.layers)
    if (const auto why = misfit(family, l)) findings.push_back("'" + l.name + "': " + *why);
  return findings.empty() ? done() : unsupported(join(findings, "\n"));
}

struct Placed {
  Network network;
  Layout layout;
};

Result<Placed> placed_network(Family family, Network network, bool stream) {
  prepare(family, stream, network);
  VERGE_CHECK(check_products(family, network));
  Layout layout = place(family, network, stream);
  return Placed{std::move(network), std::move(layout)};
}

Report report_of(const Network& network, const Layout& layout, const Sheet& sheet) {
  Report out;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& l = network.layers[i];
    out.layers.push_back({l.name, kind_name(l.kind), l.macs, sheet.layers[i].weight_bytes, live_bytes(network, layout, static_cast<int>(i))});
    out.weight_bytes += sheet.layers[i].weight_bytes;
    out.macs += l.macs;
  }
  out.arena_bytes = layout.arena_bytes;
  out.arena_lower_bound = layout.lower_bound;
  out.peak_layer = layout.peak_layer;
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

Result<Generated> generate(const rt::Model& model, const Options& options) {
  if (options.name != identifier(options.name)) return invalid("--name " + options.name + ": wants a C identifier, as " + identifier(options.name));
  VERGE_TRY(const Family family, family_of(options.target));
  VERGE_TRY(const Network network, read_network(model));
  VERGE_TRY(Placed placed, placed_network(family, network, false));
  if (options.mode == Mode::kSmall) {
    VERGE_TRY(Placed streamed, placed_network(family, network, true));
    if (streamed.layout.arena_bytes < placed.layout.arena_bytes) placed = std::move(streamed);
  }
  const Sheet sheet = print_layers(family, placed.network, placed.layout);
  Generated out;
  out.files.push_back({options.name + ".h", print_header(options, placed.network, placed.layout)});
  out.files.push_back({options.name + ".c", print_source(options, family, placed.network, placed.layout, sheet)});
  if (options.harness) out.files.push_back({"bench_" + options.name + ".c", print_harness(options)});
  out.report = report_of(placed.network, placed.layout, sheet);
  return out;
}

}  // namespace verge::codegen
