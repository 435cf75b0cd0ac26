// The text of the generated files.
#pragma once
#include <string>

#include "codegen/codegen.h"
#include "codegen/layout.h"

namespace verge::codegen {

// Constants and the call of one layer.
struct PrintedLayer {
  std::string constants, call;
  int64_t weight_bytes = 0;
};
struct Sheet {
  std::vector<PrintedLayer> layers;
};

const char* kind_name(Kind kind);
// $name and $NAME in `text` become the model's name.
std::string named(std::string text, const Options& options);
// The comment at the head of a generated file.
std::string file_head(const Options& options);
Sheet print_layers(Family family, const Network& network, const Layout& layout);
std::string print_header(const Options& options, const Network& network, const Layout& layout);
std::string print_source(const Options& options, Family family, const Network& network, const Layout& layout, const Sheet& sheet);
// Compares every layer's output with options.layer_hashes.
std::string print_selftest(const Options& options, const Network& network, const Layout& layout);
// Compares outputs with those of options.golden.
std::string print_golden(const Options& options, const Network& network, const Layout& layout);
std::string print_harness(const Options& options);

}  // namespace verge::codegen
