#include "formats/onnx/external_data.h"

#include <charconv>
#include <filesystem>
#include <optional>

#include "os/file.h"

namespace verge::formats::onnx {
namespace {

namespace fs = std::filesystem;

std::string entry(const verge::onnx_pb::TensorProto& proto, const std::string& key) {
  for (const auto& e : proto.external_data())
    if (e.key() == key) return e.value();
  return "";
}

std::optional<uint64_t> number(const std::string& text, uint64_t otherwise) {
  if (text.empty()) return otherwise;
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

// Symbolic links are followed before the comparison, so that a link cannot lead out of the folder.
Result<std::string> path_below(const std::string& base_dir, const std::string& location) {
  if (location.empty()) return corrupt("its data lie in another file, but no location is given");
  if (location.find('\0') != std::string::npos || fs::path(location).is_absolute()) return corrupt("location '" + location + "' is not a relative path");
  std::error_code error;
  const fs::path base = fs::weakly_canonical(base_dir, error), full = fs::weakly_canonical(base / location, error);
  const fs::path relative = full.lexically_relative(base);
  if (error || relative.empty() || *relative.begin() == "..") return corrupt("location '" + location + "' leaves the folder of the model");
  if (!is_file(full.string())) return not_found("its data lie in '" + full.string() + "', which is absent; put that file beside the model");
  return full.string();
}

}  // namespace

Result<Bytes> read_external_data(const verge::onnx_pb::TensorProto& proto, const std::string& base_dir, size_t expected) {
  if (base_dir.empty()) return unsupported("its data lie in another file, '" + entry(proto, "location") + "'; open the model by its path");
  VERGE_TRY(const std::string path, path_below(base_dir, entry(proto, "location")));
  const auto offset = number(entry(proto, "offset"), 0), length = number(entry(proto, "length"), expected);
  if (!offset || !length) return corrupt("offset '" + entry(proto, "offset") + "' or length '" + entry(proto, "length") + "' is no number");
  if (*length != expected) return corrupt("it takes " + std::to_string(expected) + " bytes, but length says " + std::to_string(*length));
  VERGE_TRY(const MappedFile file, MappedFile::open(path));
  if (*offset > file.bytes().size() || *length > file.bytes().size() - *offset)
    return corrupt("bytes " + std::to_string(*offset) + " to " + std::to_string(*offset) + "+" + std::to_string(*length) + " lie outside '" + path + "' (" +
                   std::to_string(file.bytes().size()) + " bytes)");
  const ByteSpan part = file.bytes().subspan(*offset, *length);
  return Bytes(part.begin(), part.end());
}

}  // namespace verge::formats::onnx
