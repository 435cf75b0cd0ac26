#include "formats/tflite/labels.h"

#include "core/json.h"
#include "core/text.h"
#include "formats/zip.h"

namespace verge::formats::tflite {
namespace {

constexpr uint64_t kLargestText = 16 << 20;

bool holds_labels(const ZipEntry& entry) {
  const std::string name = lower_case(entry.name);
  return name.find("label") != std::string::npos && ends_with(name, ".txt") && entry.bytes <= kLargestText;
}

std::vector<std::string> lines_of(const Bytes& text) {
  std::vector<std::string> lines = split(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()), '\n');
  for (std::string& line : lines)
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

std::string labels_json(ByteSpan file) {
  const auto entries = zip_entries(file);
  if (!entries.ok()) return "";
  for (const ZipEntry& entry : *entries) {
    if (!holds_labels(entry)) continue;
    const auto text = unzip(file, entry);
    if (!text.ok()) continue;
    return Json(lines_of(*text)).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return "";
}

}  // namespace verge::formats::tflite
