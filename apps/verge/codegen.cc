#include "codegen/codegen.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "codegen/exports/exports.h"
#include "core/text.h"
#include "verge/command.h"
#include "verge/limits.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  codegen::Options code;
  std::string folder, mode = "fast", input = "whole", project;
  std::string max_ram, max_flash, max_instructions, golden;
  bool selftest = false;
};

// Hashes of what the runtime's layers give on the self-test's input.
Result<std::vector<uint32_t>> golden_hashes(LoadedModel& m) {
  rt::Session& session = m.executable.session();
  struct Recorder {
    rt::Session* session;
    std::vector<uint32_t> hashes;
  } recorder{&session, {}};
  for (size_t i = 0; i < session.model().input_count(); ++i) {
    const std::vector<uint8_t> bytes = codegen::test_input(session.input(i).bytes());
    std::memcpy(session.input(i).data, bytes.data(), bytes.size());
  }
  session.set_trace({[](void* context, uint32_t i, bool begin) {
                       if (begin) return;
                       auto& r = *static_cast<Recorder*>(context);
                       const rt::Model& model = r.session->model();
                       const TensorView& out = r.session->tensor(model.args(i)[model.instruction(i).in_count]);
                       r.hashes.push_back(codegen::layer_hash(out.as<uint8_t>(), out.bytes()));
                     },
                     &recorder});
  VERGE_CHECK(m.executable.run());
  return std::move(recorder.hashes);
}

Result<codegen::Mode> mode_of(const std::string& name) {
  if (name == "fast") return codegen::Mode::kFast;
  if (name == "small") return codegen::Mode::kSmall;
  if (name == "flash") return codegen::Mode::kFlash;
  return invalid("--mode " + name + ": wants fast, small or flash");
}

Result<bool> lines_of(const std::string& input) {
  if (input != "whole" && input != "lines") return invalid("--input " + input + ": wants whole or lines");
  return input == "lines";
}

// The values of the options, or everything that is wrong with them.
Result<codegen::Budget> read_options(Options& o) {
  std::vector<std::string> findings = codegen::check_names(o.code);
  const auto read = [&](auto result, auto& to) {
    if (result.ok())
      to = *result;
    else
      findings.push_back(result.error().message());
  };
  codegen::Budget budget;
  read(parse_limit("--max-ram", o.max_ram), budget.ram);
  read(parse_limit("--max-flash", o.max_flash), budget.flash);
  read(parse_limit("--max-instructions", o.max_instructions), budget.instructions);
  read(mode_of(o.mode), o.code.mode);
  read(lines_of(o.input), o.code.lines);
  const std::vector<std::string>& projects = codegen::export_names();
  if (!o.project.empty() && std::count(projects.begin(), projects.end(), o.project) == 0)
    findings.push_back("--export " + o.project + ": there are " + join(projects, ", "));
  if (o.code.lines && !o.project.empty()) findings.push_back("--input lines: the projects of --export hand over whole inputs; leave one of the options out");
  if (!findings.empty()) return invalid(join(findings, "\n"));
  return budget;
}

Json report_json(const codegen::Report& r) {
  Json out = {{"arena_bytes", r.arena_bytes},
              {"arena_lower_bound", r.arena_lower_bound},
              {"weight_bytes", r.weight_bytes},
              {"macs", r.macs},
              {"estimated_code_bytes", r.code_bytes},
              {"stack_bound", r.stack_bytes},
              {"estimated_instructions", r.instructions},
              {"peak_layer", r.peak_layer}};
  for (const codegen::LayerReport& l : r.layers)
    out["layers"].push_back({{"name", l.name},
                             {"kind", l.kind},
                             {"macs", l.macs},
                             {"weight_bytes", l.weight_bytes},
                             {"live_bytes", l.live_bytes},
                             {"estimated_instructions", l.instructions}});
  return out;
}

void print_report(const codegen::Report& r) {
  std::printf("%4s %-12s %12s %10s %10s %13s  %s\n", "", "layer", "MACs", "weights", "live", "instructions", "name");
  for (size_t i = 0; i < r.layers.size(); ++i) {
    const codegen::LayerReport& l = r.layers[i];
    std::printf("%4zu %-12s %12s %10s %10s %13s  %s\n", i, l.kind.c_str(), with_commas(l.macs).c_str(), with_commas(l.weight_bytes).c_str(),
                with_commas(l.live_bytes).c_str(), with_commas(l.instructions).c_str(), l.name.c_str());
  }
  std::printf("flash: weights %s bytes, code about %s\n", with_commas(r.weight_bytes).c_str(), with_commas(r.code_bytes).c_str());
  std::printf("RAM: arena %s bytes (no plan of these layers is below %s), stack at most %s; the peak, layer %d, holds %s\n", with_commas(r.arena_bytes).c_str(),
              with_commas(r.arena_lower_bound).c_str(), with_commas(r.stack_bytes).c_str(), r.peak_layer, r.peak_tensors.c_str());
  std::printf("work: %s MACs, about %s instructions, the same for every input\n", with_commas(r.macs).c_str(), with_commas(r.instructions).c_str());
}

Result<void> write_files(const std::string& folder, const std::vector<codegen::GeneratedFile>& files) {
  for (const codegen::GeneratedFile& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / file.name;
    VERGE_CHECK(make_directories(path.parent_path().string()));
    VERGE_CHECK(write_file(path.string(), file.text));
  }
  return done();
}

// The golden vectors of a package.
Result<std::vector<codegen::GoldenCase>> read_golden(const std::string& path) {
  VERGE_TRY(const PackageFile package, open_package(path, Verify::kFull), "--golden");
  VERGE_TRY(const std::vector<GoldenVector> vectors, package.golden(), "--golden '" + path + "'");
  if (vectors.empty()) return invalid("--golden '" + path + "': the package has no golden vectors; make it with  verge convert --golden  or  verge optimize");
  const auto bytes_of = [](const std::vector<Tensor>& tensors) {
    std::vector<std::vector<uint8_t>> out;
    for (const Tensor& t : tensors) out.emplace_back(t.bytes().begin(), t.bytes().end());
    return out;
  };
  std::vector<codegen::GoldenCase> out;
  for (const GoldenVector& v : vectors) out.push_back({bytes_of(v.inputs), bytes_of(v.outputs)});
  return out;
}

// What is wrong with a command, all of it before anything is written: the gravest kind of error first, which is the command's exit code.
class Findings {
 public:
  void add(const Error& error) { errors_.push_back(error); }
  bool none() const { return errors_.empty(); }
  Error joined() const {
    std::vector<Error> sorted = errors_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Error& a, const Error& b) { return rank(a.code()) < rank(b.code()); });
    std::vector<std::string> words;
    for (const Error& e : sorted) words.push_back(e.message());
    return {sorted.front().code(), join(words, "\n")};
  }

 private:
  static int rank(Code code) { return code == Code::kInvalidArgument ? 1 : code == Code::kUnsupported ? 2 : code == Code::kBudget ? 3 : 0; }

  std::vector<Error> errors_;
};

// The C, or everything that keeps it from being made.
Result<codegen::Generated> generate(Options& o, LoadedModel& m, const codegen::Budget& budget, Findings& findings) {
  const std::string file = "'" + o.model.path + "'";
  bool can = findings.none();
  for (const std::string& finding : codegen::check_operators(m.executable.model())) can = false, findings.add(unsupported(file + ": " + finding));
  if (!o.golden.empty()) {
    auto golden = read_golden(o.golden);
    const auto misfits = golden.ok() ? codegen::check_golden(m.executable.model(), *golden) : std::vector<std::string>();
    for (const std::string& misfit : misfits) findings.add(invalid("--golden '" + o.golden + "': " + misfit));
    if (!golden.ok()) findings.add(golden.error());
    if (golden.ok() && misfits.empty()) o.code.golden = std::move(*golden);
  }
  if (!can) return findings.joined();
  Result<codegen::Generated> made = codegen::generate(m.executable.model(), o.code);
  if (!made.ok()) {
    findings.add(std::move(made).error().within(file));
  } else if (auto fits = codegen::check_budget(made->report, budget); !fits.ok()) {
    findings.add(std::move(fits).error().within(file));
  }
  if (!findings.none()) return findings.joined();
  return made;
}

Result<void> run(Options o) {
  const std::filesystem::path path(o.model.path);
  if (o.code.name.empty()) o.code.name = codegen::identifier(path.stem().string());
  Findings findings;
  codegen::Budget budget;
  if (auto read = read_options(o); read.ok()) {
    budget = *read;
  } else {
    findings.add(read.error());
  }
  VERGE_TRY(LoadOptions load, load_options(o.model));
  load.stripes = false;  // a layer of C for each layer
  Result<LoadedModel> m = load_model(o.model.path, load);
  if (!m.ok()) {
    findings.add(m.error());
    return findings.joined();
  }
  o.code.source_file = path.filename().string();
  o.code.source_sha256 = m->source_sha256;
  o.code.tool_version = "verge " VERGE_VERSION;
  if (o.selftest) {
    VERGE_TRY(o.code.layer_hashes, golden_hashes(*m));
  }
  VERGE_TRY(const codegen::Generated generated, generate(o, *m, budget, findings));
  std::vector<codegen::GeneratedFile> files = generated.files;
  if (!o.project.empty()) {
    VERGE_TRY(files, codegen::export_project(o.project, generated.files, o.code));
  }
  VERGE_CHECK(write_files(o.folder, files));
  if (o.model.json) {
    print_json(report_json(generated.report));
  } else {
    print_report(generated.report);
  }
  return done();
}

}  // namespace

void add_codegen(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand(
      "codegen", "C99 for a microcontroller: no heap, no interpreter, the same bytes\n\nExample: verge codegen model.tflite --target cortex-m4 -o generated");
  add_model_options(*sub, options->model);
  sub->add_option("--target", options->code.target, join(codegen::target_names(), ", "))->default_val(options->code.target);
  sub->add_option("--name", options->code.name, "prefix of the symbols and stem of the files (the model file's stem)");
  sub->add_option("--mode", options->mode, "fast; small: less RAM; flash: less flash")->default_val(options->mode);
  sub->add_option("--input", options->input, "whole; lines: the caller hands over row by row (--mode small)")->default_val(options->input);
  sub->add_flag("--harness", options->code.harness, "also write bench_NAME.c for a measuring harness");
  sub->add_option("--export", options->project, "write a project around the files: " + join(codegen::export_names(), ", "));
  sub->add_flag("--selftest", options->selftest, "also write NAME_selftest.c: every layer against the runtime's bytes");
  sub->add_option("--golden", options->golden, "a package: also write NAME_golden.c, which tests the C with its golden vectors");
  sub->add_option("--max-ram", options->max_ram, "fail when arena and stack take more, as in 32k");
  sub->add_option("--max-flash", options->max_flash, "fail when weights and code take more");
  sub->add_option("--max-instructions", options->max_instructions, "fail when an inference is estimated to take more, as in 15M");
  sub->add_option("-o,--output", options->folder, "the folder to write to")->required();
  commands.push_back({sub, [options] { return run(*options); }});
}

}  // namespace verge::cli
