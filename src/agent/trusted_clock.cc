#include "agent/trusted_clock.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

#include "os/clock.h"

namespace verge::agent {
namespace {

constexpr char kFile[] = "clock";
constexpr int64_t kWriteEvery = 3600;
constexpr int64_t kMostSeconds = int64_t{1} << 40;

}  // namespace

TrustedClock TrustedClock::open(Storage& storage, Sources sources) {
  TrustedClock out(storage, sources);
  const auto bytes = storage.read(kFile);
  if (!bytes.ok()) return out;
  const std::string text(bytes->begin(), bytes->end());
  int64_t known = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), known);
  if (error == std::errc() && end == text.data() + text.size() && known > 0 && known < kMostSeconds) out.floor_s_ = out.written_s_ = known;
  return out;
}

TrustedClock TrustedClock::open(Storage& storage) {
  return open(storage, {[] { return static_cast<int64_t>(std::time(nullptr)); }, [] { return verge::now_s(); }});
}

int64_t TrustedClock::now_s() const {
  const int64_t passed = static_cast<int64_t>(sources_.monotonic_s() - begin_s_);
  return std::max(sources_.system_s(), floor_s_ == 0 ? 0 : floor_s_ + passed);
}

int64_t TrustedClock::behind_s() const { return now_s() - sources_.system_s(); }

Result<void> TrustedClock::checked_in() {
  const int64_t now = now_s();
  if (now < written_s_ + kWriteEvery) return done();
  const std::string text = std::to_string(now);
  VERGE_CHECK(replace(*storage_, kFile, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  floor_s_ = written_s_ = now;
  begin_s_ = sources_.monotonic_s();
  return done();
}

}  // namespace verge::agent
