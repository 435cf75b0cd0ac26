#include "agent/telemetry.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace verge::agent {
namespace {

constexpr char kAcknowledged[] = "acknowledged";
constexpr char kPrefix[] = "records-";
constexpr int64_t kMostSequence = int64_t{1} << 53;  // what every reader of JSON keeps exactly

ByteSpan bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

bool is_sequence(int64_t n) { return n >= 0 && n < kMostSequence; }

// The number in a file's text or name; -1 for anything else.
int64_t number_in(std::string_view text) {
  int64_t out = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && is_sequence(out) ? out : -1;
}

// The number of a record; -1 for what is no record.
int64_t sequence_of(const Json& record) {
  const auto it = record.is_object() ? record.find("sequence") : record.end();
  const bool number = record.is_object() && it != record.end() && it->is_number_integer();
  const int64_t out = number ? it->get<int64_t>() : -1;
  return is_sequence(out) ? out : -1;
}

}  // namespace

std::string TelemetryRing::Segment::name() const { return format("%s%016lld", kPrefix, static_cast<long long>(first)); }

// The whole records of a file in their order; a torn line at its end was never sent.
Result<std::vector<Json>> TelemetryRing::read(const std::string& name) const {
  VERGE_TRY(const Bytes bytes, storage_->read(name));
  std::vector<Json> out;
  for (const std::string& line : split({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, '\n')) {
    Json record = Json::parse(line, nullptr, false);
    const int64_t sequence = sequence_of(record);
    if (sequence >= 0 && (out.empty() || sequence > sequence_of(out.back()))) out.push_back(std::move(record));
  }
  return out;
}

Result<TelemetryRing> TelemetryRing::open(Storage& storage, TelemetryOptions options) {
  TelemetryRing out(storage, options);
  if (const auto known = storage.read(kAcknowledged); known.ok()) out.acknowledged_ = number_in(std::string(known->begin(), known->end()));
  out.next_ = out.acknowledged_ + 1;
  VERGE_TRY(std::vector<std::string> files, storage.list());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    Segment s;
    s.first = starts_with(file, kPrefix) ? number_in(std::string_view(file).substr(sizeof kPrefix - 1)) : -1;
    if (s.first < 0 || s.name() != file) continue;  // not ours
    VERGE_TRY(const auto records, out.read(file));
    s.next = records.empty() ? s.first : std::max(s.first, sequence_of(records.back()) + 1);
    s.bytes = options.segment_bytes;  // whatever its end looks like, nothing is appended to it
    out.next_ = std::max(out.next_, s.next);
    out.segments_.push_back(s);
  }
  return out;
}

Result<void> TelemetryRing::begin_segment() {
  while (segments_.size() >= options_.segments) {
    const Segment oldest = segments_.front();
    VERGE_CHECK(storage_->remove(oldest.name()));
    dropped_ += std::max<int64_t>(0, oldest.next - std::max(oldest.first, acknowledged_ + 1));
    segments_.pop_front();
  }
  Segment s;
  s.first = s.next = next_;
  VERGE_CHECK(storage_->write(s.name(), {}));
  if (!segments_.empty() && segments_.back().first == s.first) segments_.pop_back();  // held nothing whole
  segments_.push_back(s);
  return done();
}

Result<int64_t> TelemetryRing::add(Json record) {
  if (segments_.empty() || segments_.back().bytes >= options_.segment_bytes) VERGE_CHECK(begin_segment());
  record["sequence"] = next_;
  const std::string line = record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  VERGE_CHECK(storage_->append(segments_.back().name(), bytes_of(line)));
  segments_.back().bytes += line.size();
  segments_.back().next = next_ + 1;
  return next_++;
}

Result<std::vector<Json>> TelemetryRing::waiting(size_t most) {
  std::vector<Json> out;
  for (const Segment& s : segments_) {
    if (s.next <= acknowledged_ + 1) continue;
    VERGE_CHECK(storage_->sync(s.name()));
    VERGE_TRY(auto records, read(s.name()));
    for (Json& r : records)
      if (sequence_of(r) > acknowledged_ && out.size() < most) out.push_back(std::move(r));
    if (out.size() >= most) break;
  }
  if (!out.empty()) VERGE_CHECK(storage_->sync_folder());
  return out;
}

Result<void> TelemetryRing::acknowledge(int64_t sequence) {
  if (sequence <= acknowledged_) return done();
  const std::string text = std::to_string(sequence);
  VERGE_CHECK(replace(*storage_, kAcknowledged, bytes_of(text)));
  acknowledged_ = sequence;
  while (!segments_.empty() && segments_.front().next <= acknowledged_ + 1) {
    VERGE_CHECK(storage_->remove(segments_.front().name()));
    segments_.pop_front();
  }
  return done();
}

}  // namespace verge::agent
