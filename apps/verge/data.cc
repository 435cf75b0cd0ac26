#include <cstdio>

#include "data/inspection.h"
#include "verge/command.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  std::string output;
  int count = 1000;
  uint64_t seed = 1;
  int size = 64;
};

Result<void> make_inspection(const Options& o) {
  data::InspectionOptions inspection;
  inspection.size = o.size;
  {
    ProgressLine line;
    VERGE_CHECK(data::write_inspection_set(o.output, o.count, o.seed, inspection, [&](int made) {
      if (made % 50 == 0 || made == o.count) line.show("rendering", static_cast<double>(made) / o.count);
    }));
  }
  std::printf("%d pictures of %dx%d in %s\n", o.count, o.size, o.size, o.output.c_str());
  return done();
}

}  // namespace

void add_data(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("data", "Make labelled data");
  sub->require_subcommand(1);
  CLI::App* make = sub->add_subcommand("make", "Render a data set")->require_subcommand(1);
  CLI::App* inspection = make->add_subcommand("inspection", "Pictures of surfaces, good and with defects, one folder a class\n\nExample: verge data make inspection --count 1000 -o pictures");
  inspection->add_option("--count", options->count, "how many pictures")->default_val(1000)->check(CLI::Range(1, 10000000));
  inspection->add_option("--seed", options->seed, "same seed, same bytes")->default_val(1);
  inspection->add_option("--size", options->size, "pixels a side")->default_val(64)->check(CLI::Range(16, 1024));
  inspection->add_option("-o,--output", options->output, "the folder to fill")->required();
  commands.push_back({inspection, [options] { return make_inspection(*options); }});
}

}  // namespace verge::cli
