#include "fleet/fault_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <mutex>
#include <random>
#include <thread>

namespace verge::fleet {
namespace {

constexpr size_t kPiece = 4096;
constexpr int kTick = 100;  // ms between looks at whether the proxy shall end

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, host.c_str(), &out.sin_addr);
  return out;
}

bool send_all(int fd, const char* data, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    const ssize_t n = ::send(fd, data + at, bytes - at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return true;
}

// What happens to one connection: places in its stream from the server, or never.
struct Fate {
  static constexpr uint64_t kNever = UINT64_MAX;
  uint64_t cut = kNever, corrupt = kNever, duplicate = kNever;
};

class Proxy final : public FaultProxy {
 public:
  explicit Proxy(const FaultOptions& options) : options_(options), random_(options.seed) {}
  ~Proxy() override {
    stop_ = true;
    if (accepting_.joinable()) accepting_.join();
    for (std::thread& t : relays_) t.join();
    if (listening_ >= 0) ::close(listening_);
  }

  Result<void> begin() {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in here = address_of("127.0.0.1", options_.port);
    socklen_t size = sizeof here;
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&here), size) != 0 || ::listen(listening_, 1024) != 0)
      return io_error(std::string("the proxy cannot listen: ") + std::strerror(errno));
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&here), &size);
    port_ = ntohs(here.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
    return done();
  }
  int port() const override { return port_; }
  FaultCounts counts() const override {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void accept_all() {
    while (!stop_) {
      pollfd p{listening_, POLLIN, 0};
      if (::poll(&p, 1, kTick) <= 0) continue;
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const Fate fate = draw();
      relays_.emplace_back([this, fd, fate] { relay(fd, fate); });
    }
  }

  Fate draw() {
    const std::lock_guard lock(mutex_);
    ++counts_.connections;
    std::uniform_real_distribution<double> share(0, 1);
    std::uniform_int_distribution<uint64_t> place(1, std::max<uint64_t>(options_.cut_within, 1));
    Fate out;
    if (share(random_) < options_.cut_share) out.cut = place(random_), ++counts_.cut;
    if (share(random_) < options_.corrupt_share) out.corrupt = place(random_), ++counts_.corrupted;
    if (share(random_) < options_.duplicate_share) out.duplicate = place(random_), ++counts_.duplicated;
    return out;
  }

  void relay(int device, const Fate& fate) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    const sockaddr_in there = address_of(options_.to_host, options_.to_port);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0) {
      for (const int fd : {device, server}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      uint64_t down = 0;
      while (!stop_ && step(device, server, fate, &down)) {
      }
    }
    ::close(server);
    ::close(device);
  }

  bool step(int device, int server, const Fate& fate, uint64_t* down) {
    pollfd p[] = {{device, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(p, 2, kTick) < 0 && errno != EINTR) return false;
    if (p[0].revents && !pass_up(device, server)) return false;
    return !p[1].revents || pass_down(server, device, fate, down);
  }

  bool pass_up(int device, int server) {
    char piece[kPiece];
    const ssize_t n = ::recv(device, piece, sizeof piece, 0);
    if (n <= 0) return false;
    add(&FaultCounts::bytes_up, static_cast<uint64_t>(n));
    return send_all(server, piece, static_cast<size_t>(n));
  }

  bool pass_down(int server, int device, const Fate& fate, uint64_t* down) {
    char piece[kPiece];
    const double rate = options_.bytes_per_s;
    const size_t most = rate > 0 ? std::clamp<size_t>(static_cast<size_t>(rate / 20), 1, kPiece) : kPiece;
    const ssize_t got = ::recv(server, piece, most, 0);
    if (got <= 0) return false;
    auto n = static_cast<size_t>(got);
    const bool last = *down + n > fate.cut;
    if (last) n = static_cast<size_t>(fate.cut - *down);
    const auto falls_here = [&](uint64_t place) { return place >= *down && place < *down + n; };
    if (falls_here(fate.corrupt)) piece[fate.corrupt - *down] ^= 0x20;
    const int times = falls_here(fate.duplicate) ? 2 : 1;
    for (int i = 0; i < times; ++i) {
      wait(options_.delay_s + (rate > 0 ? static_cast<double>(n) / rate : 0));
      if (!send_all(device, piece, n)) return false;
      add(&FaultCounts::bytes_down, n);
    }
    *down += n;
    return !last;
  }

  static void wait(double seconds) {
    if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  }
  void add(uint64_t FaultCounts::*count, uint64_t n) {
    const std::lock_guard lock(mutex_);
    counts_.*count += n;
  }

  FaultOptions options_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  FaultCounts counts_;
  int listening_ = -1, port_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread accepting_;
  std::list<std::thread> relays_;
};

}  // namespace

Result<std::unique_ptr<FaultProxy>> FaultProxy::start(const FaultOptions& options) {
  auto out = std::make_unique<Proxy>(options);
  VERGE_CHECK(out->begin());
  return std::unique_ptr<FaultProxy>(std::move(out));
}

}  // namespace verge::fleet
