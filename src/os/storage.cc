#include "os/storage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "os/file.h"

namespace verge {
namespace {

class FolderStorage final : public Storage {
 public:
  explicit FolderStorage(std::string folder) : folder_(std::move(folder)) {}

  Result<Bytes> read(const std::string& path) override { return read_file(full(path)); }
  Result<void> write(const std::string& path, ByteSpan bytes) override { return put(path, bytes, O_TRUNC); }
  Result<void> append(const std::string& path, ByteSpan bytes) override { return put(path, bytes, O_APPEND); }
  Result<void> sync(const std::string& path) override { return sync_at(full(path), O_RDONLY); }
  Result<void> sync_folder() override { return sync_at(folder_, O_RDONLY | O_DIRECTORY); }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return ::rename(full(from).c_str(), full(to).c_str()) == 0 ? done() : Result<void>(failed("rename", from));
  }
  Result<void> remove(const std::string& path) override {
    return ::unlink(full(path).c_str()) == 0 || errno == ENOENT ? done() : Result<void>(failed("remove", path));
  }
  Result<std::vector<std::string>> list() override { return list_files(folder_); }

 private:
  std::string full(const std::string& path) const { return folder_ + "/" + path; }
  static Error failed(const char* verb, const std::string& path) {
    return io_error(std::string("cannot ") + verb + " '" + path + "': " + std::strerror(errno));
  }

  Result<void> put(const std::string& path, ByteSpan bytes, int flags) {
    const int fd = ::open(full(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    if (fd < 0) return failed("write", path);
    Result<void> result;
    for (size_t at = 0; at < bytes.size() && result.ok();) {
      const ssize_t n = ::write(fd, bytes.data() + at, bytes.size() - at);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) result = failed("write", path);
      at += n > 0 ? static_cast<size_t>(n) : 0;
    }
    ::close(fd);
    return result;
  }
  Result<void> sync_at(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    if (fd < 0) return failed("open", path);
    const int status = ::fsync(fd);
    ::close(fd);
    return status == 0 || errno == EINVAL ? done() : Result<void>(failed("sync", path));
  }

  std::string folder_;
};

}  // namespace

std::unique_ptr<Storage> make_folder_storage(const std::string& folder) { return std::make_unique<FolderStorage>(folder); }

Result<void> replace(Storage& storage, const std::string& path, ByteSpan bytes) {
  const std::string part = path + ".new";
  VERGE_CHECK(storage.write(part, bytes));
  VERGE_CHECK(storage.sync(part));
  VERGE_CHECK(storage.rename(part, path));
  return storage.sync_folder();
}

}  // namespace verge
