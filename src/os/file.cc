#include "os/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace verge {
namespace {

namespace fs = std::filesystem;

Error system_error(const std::string& verb, const std::string& path) {
  const Code code = errno == ENOENT ? Code::kNotFound : Code::kIo;
  return {code, "cannot " + verb + " '" + path + "': " + std::strerror(errno)};
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Result<size_t> regular_size(int fd, const std::string& path) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return system_error("look at", path);
  if (S_ISDIR(info.st_mode)) return io_error("'" + path + "' is a folder; a file is needed here");
  return static_cast<size_t>(info.st_size);
}

Result<void> write_all(int fd, ByteSpan bytes, const std::string& path) {
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write", path);
    written += static_cast<size_t>(n);
  }
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS) return system_error("write", path);
  return done();
}

}  // namespace

Result<Bytes> read_file(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return system_error("read", path);
  VERGE_TRY(const size_t size, regular_size(file.fd, path));
  Bytes out(size + 1);  // one more, so that the end shows without growing
  size_t got = 0;
  while (true) {
    if (got == out.size()) out.resize(out.size() * 2);  // pipes and /proc report no size
    const ssize_t n = ::read(file.fd, out.data() + got, out.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", path);
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  out.resize(got);
  return out;
}

Result<void> write_file(const std::string& path, ByteSpan bytes) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {  // a device or a pipe: no rename over it
    Descriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (file.fd < 0) return system_error("write", path);
    return write_all(file.fd, bytes, path);
  }
  const std::string part = path + ".part-" + std::to_string(::getpid());
  Descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (file.fd < 0) return system_error("write", path);
  Result<void> written = write_all(file.fd, bytes, path);
  if (written.ok() && ::rename(part.c_str(), path.c_str()) != 0) written = system_error("write", path);
  if (!written.ok()) ::unlink(part.c_str());
  return written;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  return write_file(path, ByteSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

bool is_directory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

Result<void> make_directories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return io_error("cannot make the folder '" + path + "': " + error.message());
  return done();
}

Result<std::vector<std::string>> list_files(const std::string& path) {
  std::error_code error;
  fs::recursive_directory_iterator it(path, fs::directory_options::follow_directory_symlink, error);
  if (error) return Error(error == std::errc::no_such_file_or_directory ? Code::kNotFound : Code::kIo, "cannot list '" + path + "': " + error.message());
  std::vector<std::string> out;
  for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) return io_error("cannot list '" + path + "': " + error.message());
    if (it->is_regular_file(error)) out.push_back(it->path().lexically_relative(path).string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return system_error("open", path);
  VERGE_TRY(const size_t size, regular_size(file.fd, path));
  MappedFile out;
  if (size == 0) return out;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) return system_error("map", path);
  out.data_ = static_cast<const uint8_t*>(data);
  out.size_ = size;
  return out;
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace verge
