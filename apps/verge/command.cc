#include "verge/command.h"

#include <cstdio>

#include "core/text.h"

namespace verge::cli {

int exit_code(Code code) {
  switch (code) {
    case Code::kOk: return 0;
    case Code::kInvalidArgument: return kExitUsage;
    case Code::kUnsupported: return kExitUnsupported;
    case Code::kBudget: return kExitBudget;
    case Code::kNotFound:
    case Code::kIo:
    case Code::kOutOfMemory: return kExitEnvironment;
    case Code::kIntegrity: return kExitIntegrity;
    case Code::kCorrupt: return kExitDamaged;
    case Code::kBusy:
    case Code::kInternal: return kExitInternal;
  }
  return kExitInternal;
}

void add_model_options(CLI::App& app, ModelOptions& options) {
  app.add_option("model", options.path, "a model: .onnx, .tflite or .vpk")->required();
  app.add_option("--threads", options.threads, "threads of the runtime (0: every processor)")->default_val(1);
  app.add_option("--dim", options.dims, "size of a symbolic dimension, as in --dim N=8");
  app.add_option("--skip-pass", options.skip_passes, "leave out a pass by name");
  app.add_flag("--json", options.json, "print the result as JSON");
}

Result<LoadOptions> load_options(const ModelOptions& options) {
  LoadOptions out;
  out.threads = options.threads;
  out.skip_passes = options.skip_passes;
  for (const std::string& dim : options.dims) {
    const auto parts = split(dim, '=');
    char* end = nullptr;
    const long long size = parts.size() == 2 ? std::strtoll(parts[1].c_str(), &end, 10) : 0;
    if (parts.size() != 2 || *end != 0 || size < 1) return invalid("--dim " + dim + ": wants NAME=SIZE with a size of at least 1, as in --dim N=8");
    out.dims[parts[0]] = size;
  }
  return out;
}

void print_json(const Json& value) { std::puts(value.dump(2).c_str()); }

}  // namespace verge::cli
