// What the commands share: options, output, errors as exit codes.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "door/exit_code.h"
#include "engine/load.h"

namespace verge::cli {

using door::exit_code, door::kExitUsage;

// A command registers its options and a body; main prints the error and turns it into the exit code.
using Body = std::function<Result<void>()>;
struct Command {
  CLI::App* app;
  Body body;
};
using Commands = std::vector<Command>;

// One function a command, each in its own file.
void add_agent(CLI::App& app, Commands& commands);
void add_bench(CLI::App& app, Commands& commands);
void add_bisect(CLI::App& app, Commands& commands);
void add_compare(CLI::App& app, Commands& commands);
void add_codegen(CLI::App& app, Commands& commands);
void add_convert(CLI::App& app, Commands& commands);
void add_data(CLI::App& app, Commands& commands);
void add_delta(CLI::App& app, Commands& commands);
void add_doctor(CLI::App& app, Commands& commands);
void add_drift(CLI::App& app, Commands& commands);
void add_fit(CLI::App& app, Commands& commands);
void add_fleet(CLI::App& app, Commands& commands);
void add_gate(CLI::App& app, Commands& commands);
void add_kernels(CLI::App& app, Commands& commands);
void add_inspect(CLI::App& app, Commands& commands);
void add_optimize(CLI::App& app, Commands& commands);
void add_plan(CLI::App& app, Commands& commands);
void add_repo(CLI::App& app, Commands& commands);
void add_run(CLI::App& app, Commands& commands);
void add_sign(CLI::App& app, Commands& commands);
void add_targets(CLI::App& app, Commands& commands);
void add_tokenize(CLI::App& app, Commands& commands);
void add_train(CLI::App& app, Commands& commands);
void add_validate(CLI::App& app, Commands& commands);
void add_view(CLI::App& app, Commands& commands);

// Options that every command on a model takes.
struct ModelOptions {
  std::string path;
  int threads = 1;
  std::vector<std::string> dims;   // "N=8"
  std::vector<std::string> binds;  // "axes=1,2", "w=w.npy"
  std::vector<std::string> skip_passes;
  std::string precision = "f32";
  bool json = false;
};
void add_model_options(CLI::App& app, ModelOptions& options);
Result<LoadOptions> load_options(const ModelOptions& options);

// What the pass constant_channels proved and removed, from a manifest or a report, in one line; empty when it found nothing.
std::string constant_channels_text(const Json& manifest);

// Results go to stdout, progress to stderr.
void print_json(const Json& value);

}  // namespace verge::cli
