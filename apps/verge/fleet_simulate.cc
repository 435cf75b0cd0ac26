#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <queue>
#include <random>
#include <thread>

#include "agent/identity.h"
#include "agent/link.h"
#include "core/text.h"
#include "fleet/registry.h"
#include "os/clock.h"
#include "os/file.h"
#include "verge-agent/running_model.h"
#include "verge/fleet_commands.h"
#include "verge/model_data.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  DataOptions data;
  std::string folder, server, prefix = "simulated";
  int devices = 1000, interval_s = 10, seconds = 30, threads = 8, storms = 0;
};

struct Device {
  std::string name, hash, etag;
  std::unique_ptr<agent::HttpsClient> client;
  Json waiting = Json::array();  // telemetry that the server has not acknowledged
  int64_t sequence = 0, version = 0;
  bool told = false;
  double due = 0;
};

// What one phase of the simulation saw.
struct Tally {
  std::vector<double> ms;
  uint64_t requests = 0, errors = 0, acknowledged = 0, sent = 0, received = 0, resumed = 0;
  double most_late_s = 0, seconds = 0;
  std::string first_error;

  void add(const Tally& other) {
    ms.insert(ms.end(), other.ms.begin(), other.ms.end());
    requests += other.requests, errors += other.errors, acknowledged += other.acknowledged;
    sent += other.sent, received += other.received, resumed += other.resumed;
    most_late_s = std::max(most_late_s, other.most_late_s);
    if (first_error.empty()) first_error = other.first_error;
  }
  double at(double share) {
    if (ms.empty()) return 0;
    std::sort(ms.begin(), ms.end());
    return ms[std::min(ms.size() - 1, static_cast<size_t>(share * static_cast<double>(ms.size())))];
  }
  Json json() {
    const auto n = static_cast<double>(std::max<uint64_t>(requests, 1));
    return {{"requests", requests},
            {"errors", errors},
            {"p50_ms", at(0.5)},
            {"p99_ms", at(0.99)},
            {"most_ms", at(1)},
            {"seconds", seconds},
            {"most_late_s", most_late_s},
            {"acknowledged", acknowledged},
            {"resumed", resumed},
            {"bytes_up", static_cast<double>(sent) / n},
            {"bytes_down", static_cast<double>(received) / n},
            {"first_error", first_error}};
  }
};

// Devices by the time of their next check-in, for a few threads.
class Schedule {
 public:
  void add(double due, size_t device) {
    const std::lock_guard lock(mutex_);
    queue_.push({due, device});
    wake_.notify_one();
  }
  // Waits for the next one that is due before `end`; false when there is none.
  bool take(double end, size_t* device, double* due) {
    std::unique_lock lock(mutex_);
    while (!queue_.empty()) {
      const double at = queue_.top().first, now = now_s();
      if (at > end) return false;
      if (at <= now) {
        *due = at;
        *device = queue_.top().second;
        queue_.pop();
        return true;
      }
      wake_.wait_for(lock, std::chrono::duration<double>(at - now));
    }
    return false;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    queue_ = {};
  }

 private:
  using Entry = std::pair<double, size_t>;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

class Simulation {
 public:
  static Result<std::unique_ptr<Simulation>> make(const Options& o) {
    auto out = std::make_unique<Simulation>();
    out->o_ = o;
    VERGE_TRY(out->server_, agent::HttpsAddress::parse(o.server));
    VERGE_TRY(out->context_, agent::TlsContext::open(o.folder + "/authority/ca.pem"));
    VERGE_TRY(out->package_, read_file(o.model.path));
    VERGE_TRY(ModelAndData both, load_with_data(o.model, o.data, ""));
    for (size_t i = 0; i < both.data->size(); ++i) {
      VERGE_TRY(const Sample sample, both.data->get(i));
      const ByteSpan bytes = sample.inputs[0].bytes();
      out->inputs_.emplace_back(bytes.begin(), bytes.end());
    }
    out->devices_.resize(static_cast<size_t>(o.devices));
    return out;
  }

  Result<void> enrol() {
    VERGE_TRY(const auto registry, fleet::Registry::open(o_.folder + "/fleet.db"));
    std::vector<std::string> tokens;
    for (int i = 0; i < o_.devices; ++i) {
      VERGE_TRY(tokens.emplace_back(), registry->make_enrolment_token(std::time(nullptr)));
    }
    std::atomic<size_t> next = 0;
    std::vector<Result<void>> results(static_cast<size_t>(o_.threads));
    in_threads([&](int thread) {
      for (size_t i; (i = next++) < devices_.size() && results[static_cast<size_t>(thread)].ok();)
        results[static_cast<size_t>(thread)] = enrol_one(devices_[i], o_.prefix + std::to_string(i), tokens[i]);
    });
    for (const Result<void>& r : results) VERGE_CHECK(r);
    return done();
  }

  // Each device at its own moment of the interval, for `seconds`.
  Tally poll(double seconds) {
    std::mt19937_64 random(1);
    const double begin = now_s();
    for (size_t i = 0; i < devices_.size(); ++i) schedule_.add(begin + std::uniform_real_distribution<double>(0, o_.interval_s)(random), i);
    Tally out = work(begin + seconds, [this](size_t i, double due, bool) { schedule_.add(due + o_.interval_s, i); });
    schedule_.clear();
    out.seconds = now_s() - begin;
    return out;
  }

  // All devices at once, without sessions to resume; who fails comes back after a while that grows and is drawn by chance.
  Tally storm(double most_seconds) {
    const double begin = now_s();
    for (size_t i = 0; i < devices_.size(); ++i) {
      devices_[i].client->forget();
      schedule_.add(begin, i);
    }
    std::atomic<size_t> left = devices_.size();
    Tally out = work(begin + most_seconds, [&](size_t i, double, bool good) {
      if (good)
        --left;
      else
        schedule_.add(now_s() + 0.5 + static_cast<double>(i % 100) / 50, i);
    });
    schedule_.clear();
    out.seconds = now_s() - begin;
    unserved_ += left;
    return out;
  }

  uint64_t unserved() const { return unserved_; }

 private:
  template <class Body> void in_threads(const Body& body) {
    std::vector<std::thread> threads;
    for (int t = 0; t < o_.threads; ++t) threads.emplace_back([&body, t] { body(t); });
    for (std::thread& t : threads) t.join();
  }

  Result<void> enrol_one(Device& d, const std::string& name, const std::string& token) {
    d.name = name;
    d.client = std::make_unique<agent::HttpsClient>(context_, tuf::HttpOptions());
    VERGE_TRY(const agent::Identity identity, agent::make_identity(name));
    VERGE_TRY(const agent::Reply reply, agent::post(*d.client, server_, "/v1/enrol", {{"device", name}, {"token", token}, {"request", identity.request_pem}}));
    if (reply.status != 200) return io_error(format("enrolling %s: the server answers %ld", name.c_str(), reply.status));
    d.client->forget();
    return d.client->identify(reply.body.value("certificate", ""), identity.key_pem);
  }

  template <class After> Tally work(double end, const After& after) {
    std::vector<Tally> tallies(static_cast<size_t>(o_.threads));
    in_threads([&](int thread) {
      Tally& tally = tallies[static_cast<size_t>(thread)];
      auto model = device::RunningModel::open(package_);
      if (!model.ok()) {
        tally.errors = 1, tally.first_error = model.error().message();
        return;
      }
      size_t i;
      double due;
      while (schedule_.take(end, &i, &due)) {
        tally.most_late_s = std::max(tally.most_late_s, now_s() - due);
        after(i, due, check_in(devices_[i], **model, tally));
      }
    });
    Tally out;
    for (const Tally& t : tallies) out.add(t);
    return out;
  }

  // One real inference on a real sample, as the record of it.
  void infer(Device& d, device::RunningModel& model) {
    const Bytes& input = inputs_[static_cast<size_t>(d.sequence * 7919 + static_cast<int64_t>(std::hash<std::string>()(d.name) % 65536)) % inputs_.size()];
    Bytes output;
    const double begin = now_s();
    const Result<void> ran = model.infer(input, &output);
    const double ms = (now_s() - begin) * 1000;
    const std::vector<float> scores = model.first_output(output);
    const double confidence = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
    d.waiting.push_back(
        {{"sequence", d.sequence++}, {"time_s", std::time(nullptr)}, {"latency_ms", ms}, {"confidence", confidence}, {"errors", ran.ok() ? 0 : 1}});
  }

  bool check_in(Device& d, device::RunningModel& model, Tally& tally) {
    infer(d, model);
    Json body =
        d.told ? Json{{"same", true}} : Json{{"hardware", "simulated"}, {"hash", d.hash}, {"version", d.version}, {"state", "idle"}, {"health", "HEALTHY"}};
    body["telemetry"] = d.waiting;
    const agent::Traffic before = d.client->traffic();
    const double begin = now_s();
    const auto reply = agent::post(*d.client, server_, "/v1/checkin", body, d.etag);
    tally.ms.push_back((now_s() - begin) * 1000);
    ++tally.requests;
    const agent::Traffic& now = d.client->traffic();
    tally.sent += now.sent - before.sent, tally.received += now.received - before.received, tally.resumed += now.resumed - before.resumed;
    if (!reply.ok() || (reply->status != 200 && reply->status != 304)) {
      ++tally.errors;
      if (tally.first_error.empty()) tally.first_error = reply.ok() ? format("the server answers %ld", reply->status) : reply.error().message();
      return false;
    }
    tally.acknowledged += d.waiting.size();
    d.waiting.clear();
    d.told = true;
    if (reply->status == 200) take(d, *reply);
    return true;
  }

  // A simulated device runs at once what it is told to.
  static void take(Device& d, const agent::Reply& reply) {
    d.etag = reply.etag;
    const std::string hash = reply.body.is_object() ? reply.body.value("hash", "") : "";
    if (hash == d.hash) return;
    d.hash = hash;
    d.version = reply.body.value("version", int64_t{0});
    d.told = false;
  }

  Options o_;
  agent::HttpsAddress server_;
  std::shared_ptr<agent::TlsContext> context_;
  Bytes package_;
  std::vector<Bytes> inputs_;
  std::vector<Device> devices_;
  Schedule schedule_;
  uint64_t unserved_ = 0;
};

void print_phase(const char* name, Tally t) {
  std::printf("%-8s %llu check-ins, %llu errors, p50 %.1f ms, p99 %.1f ms, most %.1f ms; %.1f s; %.0f bytes up, %.0f down, %llu resumed %s\n", name,
              static_cast<unsigned long long>(t.requests), static_cast<unsigned long long>(t.errors), t.at(0.5), t.at(0.99), t.at(1), t.seconds,
              static_cast<double>(t.sent) / static_cast<double>(std::max<uint64_t>(t.requests, 1)),
              static_cast<double>(t.received) / static_cast<double>(std::max<uint64_t>(t.requests, 1)), static_cast<unsigned long long>(t.resumed),
              t.first_error.c_str());
  std::fflush(stdout);
}

Result<void> run_simulate(const Options& o) {
  std::signal(SIGPIPE, SIG_IGN);  // a cut connection is counted
  VERGE_TRY(const auto simulation, Simulation::make(o));
  VERGE_CHECK(simulation->enrol());
  Tally first = simulation->poll(o.interval_s);  // whole handshakes and whole reports
  Tally steady = simulation->poll(o.seconds), storms;
  for (int i = 0; i < o.storms; ++i) {
    const Tally one = simulation->storm(60);
    storms.add(one);
    storms.seconds = std::max(storms.seconds, one.seconds);
  }
  VERGE_TRY(const auto registry, fleet::Registry::open(o.folder + "/fleet.db"));
  VERGE_TRY(const int64_t kept, registry->telemetry_of(o.prefix));
  const uint64_t acknowledged = first.acknowledged + steady.acknowledged + storms.acknowledged;
  if (o.model.json) {
    print_json({{"devices", o.devices},
                {"first", first.json()},
                {"steady", steady.json()},
                {"storm", storms.json()},
                {"unserved", simulation->unserved()},
                {"acknowledged", acknowledged},
                {"kept", kept}});
    return done();
  }
  print_phase("first", first);
  print_phase("steady", steady);
  if (o.storms) print_phase("storm", storms);
  std::printf("%llu records acknowledged, %lld kept\n", static_cast<unsigned long long>(acknowledged), static_cast<long long>(kept));
  return done();
}

}  // namespace

void add_fleet_simulate(CLI::App* parent, Commands& commands) {
  const auto o = std::make_shared<Options>();
  CLI::App* sub =
      parent->add_subcommand("simulate",
                             "Many devices in one process against a running server: each runs the model on real samples and checks in over mTLS\n\nExample: "
                             "verge fleet simulate model.vpk --folder fleet --server https://127.0.0.1:8443 --data photos --devices 1000");
  add_model_options(*sub, o->model);
  add_data_options(*sub, o->data, true);
  sub->add_option("--folder", o->folder, "the fleet's folder, for enrolment tokens")->required();
  sub->add_option("--server", o->server, "its server, https://...")->required();
  sub->add_option("--devices", o->devices, "how many (default: 1000)")->check(CLI::Range(1, 20000));
  sub->add_option("--prefix", o->prefix, "of their names (default: simulated)");
  sub->add_option("--interval", o->interval_s, "seconds between check-ins (default: 10)")->check(CLI::Range(1, 3600));
  sub->add_option("--for", o->seconds, "seconds of steady polling (default: 30)")->check(CLI::Range(1, 3600));
  sub->add_option("--storms", o->storms, "then, how often all devices come back at once (default: 0)")->check(CLI::Range(0, 100));
  sub->add_option("--connections", o->threads, "at the same time (default: 8)")->check(CLI::Range(1, 1024));
  commands.push_back({sub, [o] { return run_simulate(*o); }});
}

}  // namespace verge::cli
