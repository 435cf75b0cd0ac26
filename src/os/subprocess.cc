#include "os/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "os/clock.h"

namespace verge {
namespace {

constexpr size_t kMostWords = 1 << 16;

std::string reason() { return std::strerror(errno); }

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

std::string all_text(int fd) {
  std::string text(kMostWords, '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

// posix_spawn's two structures, freed together.
struct SpawnPlan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnPlan() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

// The third field, after the name in brackets (proc(5)).
bool thread_sleeps(const std::filesystem::path& task) {
  std::ifstream file(task / "stat");
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= line.size() || line[name_end + 2] != 'R';
}

}  // namespace

struct Subprocess::State {
  pid_t pid = -1;
  int pipe = -1, words = -1;
  ~State() {
    close_fd(pipe);
    close_fd(words);
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
};

Subprocess::Subprocess(std::unique_ptr<State> state) : state_(std::move(state)) {}
Subprocess::Subprocess(Subprocess&&) noexcept = default;
Subprocess& Subprocess::operator=(Subprocess&&) noexcept = default;
Subprocess::~Subprocess() = default;

Result<Subprocess> Subprocess::start(const std::vector<std::string>& command, Pipe pipe) {
  auto state = std::make_unique<State>();
  int ends[2];  // a pair of sockets: a write to a side that is gone is an error and no signal
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return io_error("no pipe to '" + command[0] + "': " + reason());
  state->pipe = ends[0];
  state->words = ::memfd_create("stderr", MFD_CLOEXEC);
  SpawnPlan plan;
  const int standard = pipe == Pipe::kFromIt ? STDOUT_FILENO : STDIN_FILENO;
  posix_spawn_file_actions_adddup2(&plan.files, ends[1], standard);
  posix_spawn_file_actions_addopen(&plan.files, pipe == Pipe::kFromIt ? STDIN_FILENO : STDOUT_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&plan.files, state->words, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  const int error = ::posix_spawnp(&state->pid, command[0].c_str(), &plan.files, &plan.attributes, arguments.data(), environ);
  ::close(ends[1]);
  if (error == 0) return Subprocess(std::move(state));
  state->pid = -1;
  return Error(error == ENOENT ? Code::kNotFound : Code::kIo, "cannot start '" + command[0] + "': " + std::strerror(error));
}

Result<size_t> Subprocess::read(uint8_t* to, size_t size) {
  size_t got = 0;
  while (got < size) {
    const ssize_t n = ::recv(state_->pipe, to + got, size - got, MSG_WAITALL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != ECONNRESET) return io_error("reading from a pipe: " + reason());
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  return got;
}

Result<void> Subprocess::write(ByteSpan bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(state_->pipe, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("writing to a pipe: " + reason());
    sent += static_cast<size_t>(n);
  }
  return done();
}

Subprocess::End Subprocess::wait() {
  close_fd(state_->pipe);
  int status = 0;
  while (::waitpid(state_->pid, &status, 0) < 0 && errno == EINTR) {
  }
  state_->pid = -1;
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), all_text(state_->words)};
}

void Subprocess::wait_until_idle() const {
  constexpr double kMost_s = 1;
  constexpr useconds_t kPause_us = 50;
  const std::filesystem::path tasks = "/proc/" + std::to_string(state_->pid) + "/task";
  int calm = 0;
  for (const double start = now_s(); calm < 2 && now_s() - start < kMost_s; ::usleep(kPause_us)) {
    int unread = 0;
    bool sleeps = ::ioctl(state_->pipe, SIOCOUTQ, &unread) != 0 || unread == 0;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) sleeps = sleeps && thread_sleeps(task.path());
    calm = sleeps ? calm + 1 : 0;
  }
}

Result<Finished> run_to_end(const std::vector<std::string>& command) {
  VERGE_TRY(Subprocess process, Subprocess::start(command, Subprocess::Pipe::kFromIt));
  Finished out;
  std::vector<uint8_t> block(1 << 16);
  for (size_t n = block.size(); n == block.size();) {
    VERGE_TRY(n, process.read(block.data(), block.size()));
    out.output.append(block.begin(), block.begin() + static_cast<long>(n));
  }
  out.end = process.wait();
  return out;
}

}  // namespace verge
