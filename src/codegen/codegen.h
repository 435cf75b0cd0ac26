// C99 for microcontrollers out of a Program: one file with the weights, the kernels that the model needs and nothing else, one header, and on demand a
// measuring harness. Every byte of memory is placed here; the code allocates nothing and starts nothing up.
#pragma once
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "rt/model.h"

namespace verge::codegen {

enum class Mode : uint8_t { kFast, kSmall, kFlash };

// Bytes of a model's inputs and of the outputs that the runtime gave for them.
struct GoldenCase {
  std::vector<std::vector<uint8_t>> inputs, outputs;
};

struct Options {
  std::string name;                   // prefix of every public symbol, and the files' stem
  std::string target = "cortex-m4";   // one of target_names()
  Mode mode = Mode::kFast;
  bool lines = false;                 // mode small: the caller hands over the input row by row
  bool harness = false;               // bench_NAME.c for a measuring harness
  std::vector<uint32_t> layer_hashes;  // of every instruction's output on test_input(); not empty: NAME_selftest.c compares with them
  std::vector<GoldenCase> golden;     // not empty: NAME_golden.c compares with them
  std::string source_file, source_sha256, tool_version;  // for the head of the files
};

struct GeneratedFile {
  std::string name;
  std::string text;
};

struct LayerReport {
  std::string name, kind;
  int64_t macs = 0;
  int64_t weight_bytes = 0;   // weights, biases and multipliers
  int64_t live_bytes = 0;     // of the arena while it runs
  int64_t instructions = 0;   // estimated
};

struct Report {
  std::vector<LayerReport> layers;
  int64_t arena_bytes = 0, arena_lower_bound = 0;
  int64_t weight_bytes = 0;
  int64_t code_bytes = 0;     // estimated, C library included
  int64_t stack_bytes = 0;    // no run takes more: the tests measure it
  int64_t macs = 0;
  int64_t instructions = 0;   // estimated
  int peak_layer = 0;
  std::string peak_tensors;   // in use at the peak, with their bytes
  int64_t flash_bytes() const { return weight_bytes + code_bytes; }
  int64_t ram_bytes() const { return arena_bytes + stack_bytes; }
};

// What a target has to give; 0: no limit.
struct Budget {
  int64_t ram = 0, flash = 0, instructions = 0;
};
// kBudget in words for every limit that is exceeded.
Result<void> check_budget(const Report& report, const Budget& budget);

struct Generated {
  std::vector<GeneratedFile> files;
  Report report;
};

const std::vector<std::string>& target_names();

// Of names that there are not, each in words.
std::vector<std::string> check_names(const Options& options);

// Of instructions that have no C, each in words; of golden vectors that the model's inputs and outputs do not fit.
std::vector<std::string> check_operators(const rt::Model& model);
std::vector<std::string> check_golden(const rt::Model& model, const std::vector<GoldenCase>& golden);

// kUnsupported names every instruction that has no C; kInvalidArgument for a target, a name or a golden vector that does not fit.
Result<Generated> generate(const rt::Model& model, const Options& options);

// The input of self-tests, the same in the generated C, and the hash of a layer's output (FNV-1a, 32 bits).
std::vector<uint8_t> test_input(size_t bytes);
uint32_t layer_hash(const uint8_t* bytes, size_t count);

// A C identifier out of a file's name.
std::string identifier(const std::string& stem);

}  // namespace verge::codegen
