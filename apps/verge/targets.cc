#include "targets/target.h"

#include <cstdio>

#include "verge/command.h"

namespace verge::cli {
namespace {

struct Options {
  std::string name;
  bool json = false;
};

void print_one(const Target& t) {
  std::printf("%s: %s\n  %s, %d core%s at %d MHz, %g MB of memory, %g GB/s\n  a core sustains %g f32 and %g int8 MACs a cycle\n", t.name, t.description, t.cpu, t.cores,
              t.cores == 1 ? "" : "s", t.clock_mhz, t.ram_mb, t.memory_gb_s, t.f32_macs_per_cycle, t.int8_macs_per_cycle);
  std::printf("  %g W at work, %g W idle\n  rules: %s\n  source: %s\n", t.active_w, t.idle_w, t.rules, t.source);
}

Result<void> list(const Options& o) {
  if (!o.name.empty()) {
    VERGE_TRY(const Target* target, find_target(o.name));
    if (o.json) {
      print_json(target_json(*target));
    } else {
      print_one(*target);
    }
    return done();
  }
  Json all = Json::array();
  for (const Target& t : all_targets()) {
    all.push_back(target_json(t));
    if (!o.json) std::printf("%-18s %-16s %5d MHz x %-2d %9g MB  %s\n", t.name, target_kind_name(t.kind), t.clock_mhz, t.cores, t.ram_mb, t.description);
  }
  if (o.json) print_json(all);
  return done();
}

}  // namespace

void add_targets(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("targets", "The devices that Verge has profiles of\n\nExample: verge targets rpi4");
  sub->add_option("name", options->name, "one target, with its rules and source");
  sub->add_flag("--json", options->json, "print the result as JSON");
  commands.push_back({sub, [options] { return list(*options); }});
}

}  // namespace verge::cli
