#include "search/search.h"

#include <cstdio>

#include "codegen/codegen.h"
#include "core/text.h"
#include "os/file.h"
#include "verge/data_options.h"
#include "verge/limits.h"
#include "verge/search_command.h"

namespace verge::cli {
namespace {

struct Options {
  std::string recipe, output, max_ram, max_flash, max_instructions;
  search::SearchOptions search;
  bool json = false;
};

// A key a line, values as JSON has them, which YAML reads too; the stages a line each.
std::string recipe_text(const Json& recipe, const std::string& head) {
  std::string out = head;
  for (const auto& [key, value] : recipe.items()) {
    if (key != "stages") {
      out += key + ": " + value.dump() + "\n";
      continue;
    }
    out += "stages:\n";
    for (const Json& stage : value) out += "  - " + stage.dump() + "\n";
  }
  return out;
}

std::string cost_text(const search::Candidate& c) {
  return format("%.2f %%, RAM %s, flash %s, %.2f M instructions: ", c.score * 100, human_bytes(static_cast<double>(c.cost.ram)).c_str(),
                human_bytes(static_cast<double>(c.cost.flash)).c_str(), static_cast<double>(c.cost.instructions) / 1e6) +
         search::describe(c.stages);
}

Result<void> run_search(Options& o) {
  VERGE_TRY(const Bytes yaml, read_file(o.recipe), "the recipe");
  VERGE_TRY(o.search.fit.recipe, train::parse_recipe(std::string(yaml.begin(), yaml.end()), o.recipe));
  VERGE_TRY(o.search.most_ram, parse_limit("--max-ram", o.max_ram));
  VERGE_TRY(o.search.most_flash, parse_limit("--max-flash", o.max_flash));
  VERGE_TRY(o.search.most_instructions, parse_limit("--max-instructions", o.max_instructions));
  VERGE_TRY(search::SearchOutcome found, search::search(o.search, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }));
  VERGE_TRY(found.report["latency"], search::latency_errors(found, o.search.fit.threads));
  const std::string head = "# Found by verge search for " + o.search.target + ": " + cost_text(found.best) + "\n#   verge train " + o.output + " --data " +
                           o.search.fit.data.path + " -o network.vpk\n";
  VERGE_CHECK(write_file(o.output, recipe_text(found.recipe, head)));
  found.report["output"] = o.output;
  if (o.json) {
    print_json(found.report);
    return done();
  }
  const Json& latency = found.report["latency"];
  std::printf("begun with: %s\nbest:       %s\n", cost_text(found.start).c_str(), cost_text(found.best).c_str());
  std::printf("latency here, int8: predicted from %lld layers within %.1f %% (median of %zu networks), %.1f %% at worst\nwrote %s\n",
              static_cast<long long>(latency["layers_measured"].get<int64_t>()), latency["median_error"].get<double>() * 100, latency["networks"].size(),
              latency["largest_error"].get<double>() * 100, o.output.c_str());
  return done();
}

}  // namespace

void add_search(CLI::App& app, Commands& commands) {
  auto o = std::make_shared<Options>();
  search::SearchOptions& s = o->search;
  CLI::App* sub = app.add_subcommand("search",
                                     "Look for a better network of the same cost on a microcontroller\n\nExample: verge search recipe.yaml --data photos "
                                     "--max-ram 64k --max-flash 100k -o found.yaml");
  sub->add_option("recipe", o->recipe, "a recipe with the model resnet8 or staged (docs/training.md): where the search begins and how networks are trained")
      ->required();
  add_data_options(*sub, s.fit.data, false);
  sub->add_option("--target", s.target, "the microcontroller: " + join(codegen::target_names(), ", "))->default_val("cortex-m4");
  sub->add_option("--max-ram", o->max_ram, "bytes, as in 64k (default: what the recipe's network takes)");
  sub->add_option("--max-flash", o->max_flash, "bytes, as in 100k (likewise)");
  sub->add_option("--max-instructions", o->max_instructions, "of an inference, estimated, as in 13M (likewise)");
  sub->add_option("--generations", s.generations, "generations")->default_val(3)->check(CLI::Range(1, 1000));
  sub->add_option("--children", s.children, "networks tried in each")->default_val(12)->check(CLI::Range(1, 1000));
  sub->add_option("--steps", s.steps, "training steps of each; the last ones take four times as many")->default_val(150)->check(CLI::Range(1, 1000000));
  sub->add_option("--seed", s.seed, "same seed, same networks")->default_val(1);
  sub->add_option("--threads", s.fit.threads, "threads (0: every processor)")->default_val(0);
  sub->add_option("-o,--output", o->output, "the recipe to write")->required();
  sub->add_flag("--json", o->json, "print the result as JSON");
  commands.push_back({sub, [o] { return run_search(*o); }});
}

}  // namespace verge::cli
