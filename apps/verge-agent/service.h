// Inferences for local programs over a Unix socket, and what is learnt of them: latency, drift, a candidate in the shadow. Inputs never leave this process
// except as numbers, and as samples where the owner has consented.
//
//   a program sends   u32 bytes (little endian), the model's inputs one after the other
//   and receives      u32 code (0: done), u32 bytes, the outputs one after the other (or words when the code is not 0)
//
// When it learns what its last answer should have been, it may send  u32 8, "lbl=", u32 class  and receives code 0 without bytes: accuracy counts such labels.
#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/drift.h"
#include "agent/requests.h"
#include "agent/telemetry.h"
#include "os/priority.h"
#include "os/sensors.h"
#include "verge-agent/running_model.h"

namespace verge::device {

struct ServiceOptions {
  std::string socket, reference;  // reference: what  verge drift learn  wrote; empty: no drift
  std::string samples;            // folder for inputs kept during an alarm; empty: none are kept
  int most_samples = 0;
  double most_latency_ms = 100, shadow_share = 0.2;
  double deadline_ms = 0;                 // from a request's arrival to its answer; 0: none
  Priority priority = Priority::kNormal;  // of the thread that answers
};

struct Health {
  std::string state = "UNKNOWN", reason;
};

struct ShadowCounts {
  int64_t runs = 0, agreed = 0;
};

class Service {
 public:
  // Listens; `telemetry` must outlive the service and is used under telemetry_lock().
  static Result<std::unique_ptr<Service>> start(const ServiceOptions& options, agent::TelemetryRing& telemetry);
  ~Service();

  // From the next inference on this model answers; its statistics begin anew.
  Result<void> run(ByteSpan package);
  // Runs a candidate on a share of the inputs, after the answer was sent; an empty span ends it.
  Result<void> shadow(ByteSpan package);

  // Of the last 100 inferences: DEGRADED for errors, missed deadlines, latency or drift, with the reason; UNKNOWN before the first.
  Health health();
  // The model's part of it, errors, deadlines and latency: what the world does to the inputs is not a release's fault.
  Health conduct();
  int64_t runs();
  ShadowCounts shadow_counts();
  // For the report: latency, drift, bytes that stayed here.
  Json numbers();
  // Puts the records that are due into the ring: from the thread that may wait for a disk.
  void write_records();
  std::mutex& telemetry_lock() { return telemetry_mutex_; }

 private:
  static constexpr size_t kWindow = 100;
  static constexpr size_t kMostDue = 64;
  struct Client {
    int fd;
    agent::Requests requests;
    int64_t said = -1;  // class of its last answer that has no label yet
  };
  struct Labels {
    int64_t known = 0, right = 0;
  };
  // Of the live model's inferences since it began.
  struct Counts {
    int64_t runs = 0, errors = 0;
    std::vector<double> ms;  // the last kWindow, as a ring
    std::vector<uint8_t> failed, late;
    int64_t misses = 0;     // of the deadline
    double confidence = 0;  // sum over the window's telemetry record
    int64_t since_record = 0;
    Labels labels, labels_of_record;
  };
  struct Timing {
    double run_ms, answered_ms;  // the inference, and from the request's arrival to its answer
  };
  Service(const ServiceOptions& options, agent::TelemetryRing& telemetry) : o_(options), telemetry_(telemetry) {}
  Result<void> listen();
  void serve();
  bool take(Client& client);
  void answer(Client& client, ByteSpan input);
  bool take_label(Client& client, ByteSpan request);
  void measure_power(std::vector<Json>& records);
  void learn(ByteSpan input, const Bytes& output, const Timing& timing, bool good);
  void watch(ByteSpan input, const agent::DriftFeatures& features, std::span<const float> values);
  void run_shadow(ByteSpan input, const Bytes& output);
  void record();
  void keep(ByteSpan input);
  Health conduct_now() const;
  double mean_ms() const;
  double p99_ms() const;

  ServiceOptions o_;
  agent::TelemetryRing& telemetry_;
  UrgentMutex mutex_;
  std::mutex telemetry_mutex_;
  std::vector<Json> due_;  // records, oldest first
  std::optional<EnergyMeter> meter_ = EnergyMeter::find();
  double metered_s_ = 0, metered_joules_ = 0;  // of the last record
  std::unique_ptr<RunningModel> live_, candidate_;
  std::optional<agent::DriftMonitor> drift_;
  std::optional<agent::DriftReference> reference_;
  agent::ChannelMoments drifted_;  // of all inputs since the alarm began
  Counts counts_;
  ShadowCounts shadow_;
  double shadow_debt_ = 0;
  double arrived_s_ = 0;  // when the requests that are being taken came
  uint64_t bytes_kept_here_ = 0;
  int samples_ = 0;
  int listening_ = -1;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace verge::device
