#include "verge/command.h"

#include <cstdio>

#include "core/text.h"
#include "formats/npy.h"
#include "lower/residency.h"
#include "lower/tuning.h"
#include "os/file.h"
#include "verge/limits.h"

namespace verge::cli {
namespace {

// One number is a scalar, several are a list; integers where all of them are. The importer gives them the input's own type.
Result<Tensor> bound_value(const std::string& text) {
  if (ends_with(text, ".npy")) {
    VERGE_TRY(const Bytes bytes, read_file(text));
    return formats::read_npy(bytes);
  }
  const std::vector<std::string> parts = split(text, ',');
  std::vector<double> reals;
  std::vector<int64_t> integers;
  for (const std::string& part : parts) {
    char *integer_end = nullptr, *real_end = nullptr;
    const long long integer = std::strtoll(part.c_str(), &integer_end, 10);
    reals.push_back(std::strtod(part.c_str(), &real_end));
    if (part.empty() || *real_end != 0) return invalid("'" + part + "' is no number");
    if (*integer_end == 0) integers.push_back(integer);
  }
  const Shape shape = parts.size() == 1 ? Shape{} : Shape{static_cast<int32_t>(parts.size())};
  return integers.size() == parts.size() ? Tensor::of<int64_t>(shape, integers) : Tensor::of<double>(shape, reals);
}

void limit_memory(const std::string& text) {
  const Result<int64_t> bytes = parse_limit("--max-memory", text);
  if (!bytes.ok()) throw CLI::ValidationError(bytes.error().message());
  set_memory_limit(static_cast<uint64_t>(*bytes));
}

}  // namespace

void add_model_options(CLI::App& app, ModelOptions& options) {
  app.add_option("model", options.path, "a model: .onnx, .tflite, .h5, .keras or .vpk")->required();
  app.add_option("--threads", options.threads, "threads of the runtime (0: every processor)")->default_val(1);
  app.add_option("--dim", options.dims, "size of a symbolic dimension, as in --dim N=8");
  app.add_option("--bind", options.binds, "fix an input for good: --bind axes=1,2 or --bind weights=FILE.npy");
  app.add_option("--skip-pass", options.skip_passes, "leave out a pass by name");
  app.add_option("--precision", options.precision, "what products of floats are computed in; bf16 rounds weights and what they multiply, sums stay f32")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->default_val("f32");
  app.add_option_function<std::string>("--max-memory", limit_memory, "limit of the process's memory, as in 32M: weights of a package are read layer by layer as far as it takes that");
  app.add_flag("--json", options.json, "print the result as JSON");
}

Result<LoadOptions> load_options(const ModelOptions& options) {
  LoadOptions out;
  out.threads = options.threads;
  out.skip_passes = options.skip_passes;
  if (const std::string& note = use_machine_tuning(); !note.empty()) std::fprintf(stderr, "%s\n", note.c_str());
  out.precision = options.precision == "bf16" ? Precision::kBf16 : Precision::kF32;
  for (const std::string& dim : options.dims) {
    const auto parts = split(dim, '=');
    char* end = nullptr;
    const long long size = parts.size() == 2 ? std::strtoll(parts[1].c_str(), &end, 10) : 0;
    if (parts.size() != 2 || *end != 0 || size < 1) return invalid("--dim " + dim + ": wants NAME=SIZE with a size of at least 1, as in --dim N=8");
    out.dims[parts[0]] = size;
  }
  for (const std::string& bind : options.binds) {
    const size_t at = bind.find('=');
    if (at == std::string::npos || at == 0) return invalid("--bind " + bind + ": wants NAME=VALUE, NAME=VALUE,VALUE... or NAME=FILE.npy");
    VERGE_TRY(out.values[bind.substr(0, at)], bound_value(bind.substr(at + 1)), "--bind " + bind);
  }
  return out;
}

std::string constant_channels_text(const Json& manifest) {
  if (!manifest.contains("constant_channels")) return "";
  const Json& c = manifest["constant_channels"];
  const auto bytes = [&](const char* key) { return human_bytes(c.value(key, 0.0)); };
  return format("constant channels: %s proved, %s removed, MACs %s -> %s, weights %s -> %s", with_commas(c.value("constant", int64_t{0})).c_str(),
                with_commas(c.value("removed", int64_t{0})).c_str(), with_commas(c.value("macs_before", int64_t{0})).c_str(),
                with_commas(c.value("macs", int64_t{0})).c_str(), bytes("weights_before").c_str(), bytes("weights").c_str());
}

void print_json(const Json& value) { std::puts(value.dump(2).c_str()); }

}  // namespace verge::cli
