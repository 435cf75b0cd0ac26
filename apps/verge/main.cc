// verge: import, optimise, prove, package and run models on the edge.
#include <cstdio>

#include "verge/search_command.h"
#include "verge/bundle.h"
#include "verge/command.h"
#include "verge/repair.h"
#include "verge/tune.h"

namespace {

// "unsupported" opens the line of exit code 3: scripts look for it.
int report(const verge::Error& error) {
  const char* kind = error.code() == verge::Code::kUnsupported ? "unsupported" : error.code() == verge::Code::kInternal ? "internal error (please report it)" : "error";
  std::fprintf(stderr, "%s: %s\n", kind, error.message().c_str());
  return verge::cli::exit_code(error.code());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace verge::cli;
  CLI::App app{"Verge: the whole life of a model on the edge\n\nExample: verge run model.onnx --image photo.jpg"};
  app.set_version_flag("--version", "verge " VERGE_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  Commands commands;
  add_optimize(app, commands);
  add_tokenize(app, commands);
  add_search(app, commands);
  add_train(app, commands);
  add_validate(app, commands);
  add_bundle(app, commands);
  add_compare(app, commands);
  add_bisect(app, commands);
  add_plan(app, commands);
  add_doctor(app, commands);
  add_view(app, commands);
  add_gate(app, commands);
  add_fit(app, commands);
  add_bench(app, commands);
  add_run(app, commands);
  add_inspect(app, commands);
  add_convert(app, commands);
  add_codegen(app, commands);
  add_sign(app, commands);
  add_repair(app, commands);
  add_delta(app, commands);
  add_repo(app, commands);
  add_fleet(app, commands);
  add_agent(app, commands);
  add_drift(app, commands);
  add_kernels(app, commands);
  add_tune(app, commands);
  add_targets(app, commands);
  add_data(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    const verge::Result<void> done = command.body();
    return done.ok() ? 0 : report(done.error());
  }
  return kExitUsage;
}
