// Generated C as a project that other tools build: files around the generated ones, made of their names, version and target.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "codegen/codegen.h"

namespace verge::codegen {

// What every template may name: @NAME@ the model, @MACRO@ its name in capitals, @VERSION@ of the tool as 1.2.3, @TARGET@, @SOURCE@ the model's file.
using Fields = std::map<std::string, std::string>;
std::string filled(std::string text, const Fields& fields);

// One kind of project: where NAME.c and NAME.h lie in it, and the files around them as templates; names of files are templates too.
struct Export {
  const char* name;
  const char* what;
  const char* sources;
  const char* headers;
  std::vector<GeneratedFile> files;
};

// In alphabetical order; a file each.
const Export& arduino_export();
const Export& cmake_export();
const Export& cmsis_pack_export();
const Export& esp_idf_export();
const Export& freertos_export();
const Export& platformio_export();
const Export& zephyr_export();
std::vector<const Export*> all_exports();
std::vector<std::string> export_names();

// The project `kind` with `generated` in it. kInvalidArgument names those there are.
Result<std::vector<GeneratedFile>> export_project(const std::string& kind, const std::vector<GeneratedFile>& generated, const Options& options);

}  // namespace verge::codegen
