#include "os/text_file.h"

#include <sys/stat.h>

#include "os/file.h"

namespace verge {

Result<std::string> read_text(const std::string& path) {
  VERGE_TRY(const Bytes bytes, read_file(path));
  return std::string(bytes.begin(), bytes.end());
}

Result<void> write_secret(const std::string& path, const std::string& text) {
  const mode_t before = ::umask(077);
  Result<void> written = write_file(path, text);
  ::umask(before);
  return written;
}

}  // namespace verge
