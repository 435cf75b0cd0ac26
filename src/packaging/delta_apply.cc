// The half of deltas that devices need; it knows nothing of programs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "package/delta.h"
#include "packaging/delta_make.h"

namespace verge {
namespace {

Error in_words(Code code) {
  switch (code) {
    case Code::kNotFound: return {Code::kIntegrity, "the delta was made for another base; take the one that the device runs, or the full package"};
    case Code::kIntegrity: return {code, "the result is not what the delta promised; take the full package"};
    case Code::kBudget: return {code, "the result would be larger than the limit"};
    case Code::kIo: return {code, "reading or writing failed"};
    default: return {Code::kCorrupt, "this is not a delta, or it is damaged; take the full package"};
  }
}

struct Memory {
  ByteSpan base, delta;
  size_t taken = 0;
  Bytes out;

  static Status read(ByteSpan from, uint64_t place, void* to, size_t bytes) {
    if (place > from.size() || bytes > from.size() - place) return Code::kIo;
    std::memcpy(to, from.data() + place, bytes);
    return {};
  }
  static Memory& of(void* context) { return *static_cast<Memory*>(context); }
  static Status read_old(void* c, uint64_t place, void* to, size_t bytes) { return read(of(c).base, place, to, bytes); }
  static Status read_new(void* c, uint64_t place, void* to, size_t bytes) {
    if (place + bytes > of(c).out.size()) of(c).out.resize(place + bytes);
    return read(of(c).out, place, to, bytes);
  }
  static Status read_delta(void* c, void* to, size_t bytes, size_t* got) {
    Memory& m = of(c);
    *got = std::min(bytes, m.delta.size() - m.taken);
    std::memcpy(to, m.delta.data() + m.taken, *got);
    m.taken += *got;
    return {};
  }
  static Status write_new(void* c, uint64_t place, const void* from, size_t bytes) {
    Memory& m = of(c);
    if (place + bytes > m.out.size()) m.out.resize(place + bytes);
    std::memcpy(m.out.data() + place, from, bytes);
    return {};
  }
};

struct Descriptors {
  int base = -1, delta = -1, out = -1;
  ~Descriptors() {
    for (int fd : {base, delta, out})
      if (fd >= 0) ::close(fd);
  }
  static Descriptors& of(void* context) { return *static_cast<Descriptors*>(context); }
  static Status read_at(int fd, uint64_t place, void* to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
      const ssize_t n = ::pread(fd, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(place + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Code::kIo;
      done += static_cast<size_t>(n);
    }
    return {};
  }
  static Status read_old(void* c, uint64_t place, void* to, size_t bytes) { return read_at(of(c).base, place, to, bytes); }
  static Status read_new(void* c, uint64_t place, void* to, size_t bytes) { return read_at(of(c).out, place, to, bytes); }
  static Status read_delta(void* c, void* to, size_t bytes, size_t* got) {
    ssize_t n;
    do n = ::read(of(c).delta, to, bytes);
    while (n < 0 && errno == EINTR);
    if (n < 0) return Code::kIo;
    *got = static_cast<size_t>(n);
    return {};
  }
  static Status write_new(void* c, uint64_t place, const void* from, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
      const ssize_t n = ::pwrite(of(c).out, static_cast<const char*>(from) + done, bytes - done, static_cast<off_t>(place + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Code::kIo;
      done += static_cast<size_t>(n);
    }
    return {};
  }
};

template <class Files> package::DeltaFiles delta_files(Files* files, uint64_t old_bytes) {
  return {files, old_bytes, Files::read_old, Files::read_delta, Files::write_new, Files::read_new};
}

Result<void> apply_open(Descriptors* files, uint64_t old_bytes, uint64_t most_bytes) {
  auto applier = std::make_unique<package::DeltaApplier>();
  const Status s = applier->apply(delta_files(files, old_bytes), most_bytes);
  if (!s.ok()) return in_words(s.code());
  if (::fsync(files->out) != 0) return io_error(std::string("cannot write the result: ") + std::strerror(errno));
  return done();
}

}  // namespace

std::string delta_name(const std::string& from, const std::string& to) { return "deltas/" + from.substr(0, 16) + "-" + to.substr(0, 16) + ".vgd"; }

Result<Bytes> apply_delta(ByteSpan base, ByteSpan delta, uint64_t most_bytes) {
  Memory memory{base, delta, 0, {}};
  auto applier = std::make_unique<package::DeltaApplier>();
  const Status s = applier->apply(delta_files(&memory, base.size()), most_bytes);
  if (!s.ok()) return in_words(s.code());
  return std::move(memory.out);
}

Result<void> apply_delta_files(const std::string& base, const std::string& delta, const std::string& to, uint64_t most_bytes) {
  Descriptors files;
  files.delta = ::open(delta.c_str(), O_RDONLY | O_CLOEXEC);
  if (files.delta < 0) return not_found("cannot read '" + delta + "': " + std::strerror(errno));
  uint64_t old_bytes = 0;
  if (!base.empty()) {
    files.base = ::open(base.c_str(), O_RDONLY | O_CLOEXEC);
    if (files.base < 0) return not_found("cannot read '" + base + "': " + std::strerror(errno));
    old_bytes = static_cast<uint64_t>(::lseek(files.base, 0, SEEK_END));
  }
  const std::string part = to + ".part-" + std::to_string(::getpid());
  files.out = ::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (files.out < 0) return io_error("cannot write '" + to + "': " + std::strerror(errno));
  Result<void> applied = apply_open(&files, old_bytes, most_bytes);
  if (applied.ok() && ::rename(part.c_str(), to.c_str()) != 0) applied = io_error("cannot write '" + to + "': " + std::strerror(errno));
  if (!applied.ok()) ::unlink(part.c_str());
  return applied;
}

}  // namespace verge
