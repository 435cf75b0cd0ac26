#include "verge-agent/service.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <numeric>

#include "core/text.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/text_file.h"

namespace verge::device {
namespace {

constexpr size_t kMostClients = 32;
constexpr int kRecordEvery = 100;
constexpr char kLabelMark[] = "lbl=";
constexpr size_t kLabelBytes = 8;

size_t best(const std::vector<float>& scores) { return static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin()); }

// Null where nothing was counted.
Json share(int64_t part, int64_t whole) { return whole == 0 ? Json() : Json(static_cast<double>(part) / static_cast<double>(whole)); }

void send_all(int fd, const void* data, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    const ssize_t n = ::send(fd, static_cast<const char*>(data) + at, bytes - at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // the program went away, or does not read for a second
    at += static_cast<size_t>(n);
  }
}

void send_reply(int fd, uint32_t code, ByteSpan payload) {
  const uint32_t head[] = {code, static_cast<uint32_t>(payload.size())};
  Bytes out(sizeof head + payload.size());
  std::memcpy(out.data(), head, sizeof head);
  std::copy(payload.begin(), payload.end(), out.begin() + sizeof head);
  send_all(fd, out.data(), out.size());
}

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const ServiceOptions& options, agent::TelemetryRing& telemetry) {
  std::unique_ptr<Service> out(new Service(options, telemetry));
  if (!options.reference.empty()) {
    VERGE_TRY(const std::string text, read_text(options.reference));
    VERGE_TRY(const Json json, parse_json(text), options.reference);
    VERGE_TRY(out->reference_, agent::DriftReference::parse(json), options.reference);
  }
  if (!options.samples.empty()) VERGE_CHECK(make_directories(options.samples));
  VERGE_CHECK(out->listen());
  out->thread_ = std::thread([s = out.get()] { s->serve(); });
  return out;
}

Service::~Service() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  if (listening_ >= 0) ::close(listening_);
  ::unlink(o_.socket.c_str());
}

Result<void> Service::listen() {
  sockaddr_un here{};
  here.sun_family = AF_UNIX;
  if (o_.socket.size() >= sizeof here.sun_path) return invalid("'" + o_.socket + "' is too long for a socket's path");
  std::memcpy(here.sun_path, o_.socket.c_str(), o_.socket.size());
  ::unlink(o_.socket.c_str());
  listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listening_, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0 || ::listen(listening_, 16) != 0)
    return io_error("cannot listen on '" + o_.socket + "': " + std::strerror(errno));
  return done();
}

Result<void> Service::run(ByteSpan package) {
  VERGE_TRY(auto model, RunningModel::open(package));
  const std::lock_guard lock(mutex_);
  live_ = std::move(model);
  counts_ = {};
  if (reference_) drift_.emplace(*reference_);
  drifted_ = {};
  return done();
}

Result<void> Service::shadow(ByteSpan package) {
  std::unique_ptr<RunningModel> model;
  if (!package.empty()) {
    VERGE_TRY(model, RunningModel::open(package));
  }
  const std::lock_guard lock(mutex_);
  candidate_ = std::move(model);
  shadow_ = {};
  return done();
}

void Service::serve() {
  if (o_.priority == Priority::kCritical) {
    if (const auto allowed = set_thread_priority(o_.priority); !allowed.ok())
      std::fprintf(stderr, "answering without priority: %s\n", allowed.error().message().c_str());
    if (const auto locked = stay_in_memory(); !locked.ok()) std::fprintf(stderr, "pages may leave memory: %s\n", locked.error().message().c_str());
  }
  std::vector<Client> clients;
  while (!stop_) {
    std::vector<pollfd> polls = {{clients.size() < kMostClients ? listening_ : -1, POLLIN, 0}};
    for (const Client& c : clients) polls.push_back({c.fd, POLLIN, 0});
    if (::poll(polls.data(), polls.size(), 500) <= 0) continue;
    arrived_s_ = now_s();
    for (size_t i = clients.size(); i-- > 0;) {
      if (!polls[i + 1].revents || take(clients[i])) continue;
      ::close(clients[i].fd);
      clients.erase(clients.begin() + static_cast<ptrdiff_t>(i));
    }
    if (!polls[0].revents) continue;
    const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    const timeval patience{1, 0};
    if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), clients.push_back({fd, {}});
  }
  for (const Client& c : clients) ::close(c.fd);
}

// Reads what is there; answers when a request is whole. False when the program is to be let go.
bool Service::take(Client& client) {
  uint8_t piece[65536];
  const ssize_t n = ::recv(client.fd, piece, sizeof piece, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return false;
  client.requests.add({piece, static_cast<size_t>(std::max<ssize_t>(n, 0))});
  auto next = client.requests.next();
  for (; next.ok() && *next; next = client.requests.next()) answer(client, **next);
  return next.ok();
}

// False when the request is none but a model's inputs.
bool Service::take_label(Client& client, ByteSpan request) {
  uint32_t label = 0;
  if (request.size() != kLabelBytes || std::memcmp(request.data(), kLabelMark, sizeof label) != 0 || (live_ && live_->input_bytes() == kLabelBytes)) return false;
  std::memcpy(&label, request.data() + sizeof label, sizeof label);
  for (Labels* l : {&counts_.labels, &counts_.labels_of_record}) {
    l->known += client.said >= 0;
    l->right += client.said == static_cast<int64_t>(label);
  }
  client.said = -1;
  send_reply(client.fd, 0, {});
  return true;
}

void Service::answer(Client& client, ByteSpan input) {
  const std::lock_guard lock(mutex_);
  if (take_label(client, input)) return;
  Bytes output;
  const double begin = now_s();
  const Result<void> ran = live_ ? live_->infer(input, &output) : Result<void>(not_found("no model is installed yet"));
  const double ms = (now_s() - begin) * 1000;
  if (ran.ok()) {
    send_reply(client.fd, 0, output);
  } else {
    const std::string& words = ran.error().message();
    send_reply(client.fd, static_cast<uint32_t>(ran.error().code()), {reinterpret_cast<const uint8_t*>(words.data()), words.size()});
  }
  const double answered_ms = (now_s() - arrived_s_) * 1000;
  if (!live_ || (!ran.ok() && ran.error().code() == Code::kInvalidArgument)) return;  // the program's fault, not the model's
  client.said = ran.ok() ? static_cast<int64_t>(best(live_->first_output(output))) : -1;
  learn(input, output, {ms, answered_ms}, ran.ok());
  if (ran.ok()) run_shadow(input, output);
}

void Service::learn(ByteSpan input, const Bytes& output, const Timing& timing, bool good) {
  const size_t at = static_cast<size_t>(counts_.runs) % kWindow;
  if (counts_.ms.size() <= at) counts_.ms.resize(at + 1), counts_.failed.resize(at + 1), counts_.late.resize(at + 1);
  counts_.ms[at] = timing.run_ms;
  counts_.failed[at] = !good;
  counts_.late[at] = o_.deadline_ms > 0 && timing.answered_ms > o_.deadline_ms;
  counts_.misses += counts_.late[at];
  ++counts_.runs;
  counts_.errors += !good;
  bytes_kept_here_ += input.size();
  if (good) {
    const std::vector<float> values = live_->first_input(input);
    std::vector<float> corrected;
    if (live_->correction()) corrected = values, correct(*live_->correction(), live_->channels(), corrected);
    const agent::DriftFeatures features = agent::drift_features(live_->correction() ? corrected : values, live_->first_output(output));
    counts_.confidence += features[2];
    if (drift_) watch(input, features, values);
  }
  if (++counts_.since_record >= kRecordEvery) record();
}

// The monitor sees what the network sees, behind the model's correction; what a new correction is computed from is what came.
void Service::watch(ByteSpan input, const agent::DriftFeatures& features, std::span<const float> values) {
  if (drift_->add(features)) drifted_ = {};
  if (!drift_->alarmed()) return;
  const ChannelPlace place = live_->channels();
  drifted_.add(values, place.channels, place.first);
  keep(input);
}

// One telemetry record for each hundred inferences. It waits in memory: no answer waits for a disk.
void Service::record() {
  Json record = {{"time_s", std::time(nullptr)}, {"runs", counts_.runs},     {"latency_ms", mean_ms()},
                 {"p99_ms", p99_ms()},           {"errors", counts_.errors}, {"confidence", counts_.confidence / static_cast<double>(counts_.since_record)},
                 {"accuracy", share(counts_.labels_of_record.right, counts_.labels_of_record.known)}, {"power_mw", Json()},       {"bytes_kept_here", bytes_kept_here_}};
  if (o_.deadline_ms > 0) record["deadline_misses"] = counts_.misses;
  if (drift_) {
    record["drift_alarm"] = drift_->alarmed();
    for (size_t f = 0; f < agent::kDriftFeatures; ++f) record["psi"][agent::kDriftNames[f]] = drift_->psi(f);
  }
  if (due_.size() < kMostDue) due_.push_back(std::move(record));
  counts_.confidence = 0;
  counts_.since_record = 0;
  counts_.labels_of_record = {};
}

// Mean power since the records before, where a sensor tells it.
void Service::measure_power(std::vector<Json>& records) {
  if (!meter_) return;
  const double now = now_s();
  meter_->sample(now);
  if (records.empty()) return;
  const double mw = (meter_->joules() - metered_joules_) / (now - metered_s_) * 1000;
  for (Json& record : records)
    if (metered_s_ > 0 && now > metered_s_) record["power_mw"] = mw;
  metered_s_ = now, metered_joules_ = meter_->joules();
}

void Service::write_records() {
  std::vector<Json> due;
  {
    const std::lock_guard lock(mutex_);
    due.swap(due_);
  }
  measure_power(due);
  const std::lock_guard telemetry(telemetry_mutex_);
  for (Json& record : due) (void)telemetry_.add(std::move(record)).ok();  // a full disk costs telemetry, never an inference
}

void Service::run_shadow(ByteSpan input, const Bytes& output) {
  if (!candidate_) return;
  shadow_debt_ += o_.shadow_share;
  if (shadow_debt_ < 1) return;
  shadow_debt_ -= 1;
  Bytes other;
  ++shadow_.runs;
  if (candidate_->infer(input, &other).ok()) shadow_.agreed += best(live_->first_output(output)) == best(candidate_->first_output(other));
}

void Service::keep(ByteSpan input) {
  if (o_.samples.empty() || samples_ >= o_.most_samples) return;
  if (write_file(o_.samples + format("/%06d.bin", samples_), input).ok()) ++samples_;
}

double Service::mean_ms() const {
  return counts_.ms.empty() ? 0 : std::accumulate(counts_.ms.begin(), counts_.ms.end(), 0.0) / static_cast<double>(counts_.ms.size());
}

double Service::p99_ms() const {
  std::vector<double> sorted = counts_.ms;
  std::sort(sorted.begin(), sorted.end());
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, sorted.size() * 99 / 100)];
}

Health Service::conduct_now() const {
  if (counts_.runs == 0) return {"UNKNOWN", "no inference yet"};
  const auto errors = std::count(counts_.failed.begin(), counts_.failed.end(), 1);
  if (errors > 0) return {"DEGRADED", format("%d of the last %zu inferences failed", static_cast<int>(errors), counts_.failed.size())};
  const auto late = std::count(counts_.late.begin(), counts_.late.end(), 1);
  if (late > 0) return {"DEGRADED", format("%d of the last %zu answers came later than %.3g ms", static_cast<int>(late), counts_.late.size(), o_.deadline_ms)};
  const double mean = mean_ms();
  if (mean > o_.most_latency_ms)
    return {"DEGRADED", format("mean latency %.3g ms over the last %zu inferences, at most %.3g ms wanted", mean, counts_.ms.size(), o_.most_latency_ms)};
  return {"HEALTHY", ""};
}

Health Service::conduct() {
  const std::lock_guard lock(mutex_);
  return conduct_now();
}

Health Service::health() {
  const std::lock_guard lock(mutex_);
  const Health conduct = conduct_now();
  if (conduct.state != "HEALTHY" || !drift_ || !drift_->alarmed()) return conduct;
  size_t most = 0;
  for (size_t f = 1; f < agent::kDriftFeatures; ++f)
    if (drift_->psi(f) > drift_->psi(most)) most = f;
  return {"DEGRADED", format("the inputs have drifted: %s has a stability index of %.2f", agent::kDriftNames[most], drift_->psi(most))};
}

int64_t Service::runs() {
  const std::lock_guard lock(mutex_);
  return counts_.runs;
}

ShadowCounts Service::shadow_counts() {
  const std::lock_guard lock(mutex_);
  return shadow_;
}

Json Service::numbers() {
  const std::lock_guard lock(mutex_);
  Json out = {{"latency_ms", mean_ms()}, {"p99_ms", p99_ms()}, {"errors", counts_.errors}, {"bytes_kept_here", bytes_kept_here_}, {"samples", samples_}};
  if (o_.deadline_ms > 0) out["deadline_misses"] = counts_.misses;
  if (counts_.labels.known > 0) out["labelled"] = counts_.labels.known, out["accuracy"] = share(counts_.labels.right, counts_.labels.known);
  if (drift_) out["drift_alarm"] = drift_->alarmed();
  if (drifted_.inputs() > 0) out["input"] = drifted_.to_json();
  return out;
}

}  // namespace verge::device
