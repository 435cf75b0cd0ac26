#include "codegen/exports/exports.h"

#include <algorithm>
#include <cctype>

#include "core/text.h"

namespace verge::codegen {
namespace {

std::string capitals(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

// "verge 0.1.0" -> "0.1.0": what package managers take.
std::string plain_version(const std::string& tool) {
  const size_t at = tool.rfind(' ');
  const std::string version = at == std::string::npos ? tool : tool.substr(at + 1);
  return std::count(version.begin(), version.end(), '.') == 2 ? version : "0.0.0";
}

// A file name as it may stand in XML, JSON and YAML strings.
std::string harmless(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_') c = '_';
  return text;
}

Fields fields_of(const Options& o) {
  return {{"NAME", o.name}, {"MACRO", capitals(o.name)}, {"VERSION", plain_version(o.tool_version)}, {"TARGET", o.target}, {"SOURCE", harmless(o.source_file)}};
}

std::string placed(const Export& e, const std::string& file) { return (ends_with(file, ".h") ? e.headers : e.sources) + file; }

}  // namespace

std::string filled(std::string text, const Fields& fields) {
  for (const auto& [key, value] : fields) {
    const std::string mark = "@" + key + "@";
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size())) text.replace(at, mark.size(), value);
  }
  return text;
}

std::vector<const Export*> all_exports() {
  return {&arduino_export(), &cmake_export(), &cmsis_pack_export(), &esp_idf_export(), &freertos_export(), &platformio_export(), &zephyr_export()};
}

std::vector<std::string> export_names() {
  std::vector<std::string> out;
  for (const Export* e : all_exports()) out.push_back(e->name);
  return out;
}

Result<std::vector<GeneratedFile>> export_project(const std::string& kind, const std::vector<GeneratedFile>& generated, const Options& options) {
  const auto all = all_exports();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Export* e) { return kind == e->name; });
  if (found == all.end()) return invalid("--export " + kind + ": there is no such project; there are " + join(export_names(), ", "));
  std::vector<GeneratedFile> out;
  for (const GeneratedFile& file : generated) out.push_back({placed(**found, file.name), file.text});
  const Fields fields = fields_of(options);
  for (const GeneratedFile& file : (*found)->files) out.push_back({filled(file.name, fields), filled(file.text, fields)});
  return out;
}

}  // namespace verge::codegen
