// Files: whole reads, atomic writes, read-only memory maps.
#pragma once
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge {

Result<Bytes> read_file(const std::string& path);
// Writes beside `path` and renames, so that a reader sees the old file or the whole new one; a failure leaves no partial file behind.
Result<void> write_file(const std::string& path, ByteSpan bytes);
Result<void> write_file(const std::string& path, const std::string& text);
bool is_directory(const std::string& path);
bool is_file(const std::string& path);
Result<void> make_directories(const std::string& path);
// Regular files below `path`, relative paths sorted by name, folders entered.
Result<std::vector<std::string>> list_files(const std::string& path);

// A file mapped read-only; the bytes live as long as the object. An empty file is an empty span.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  ByteSpan bytes() const { return {data_, size_}; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace verge
