// What the server knows: devices, deployments, tokens, telemetry, an audit log whose entries hold the hash of the one before.
//
// State is desired against actual: a deployment is one row, what a device shall run follows from the row and the device's name, and a device says at
// each check-in what it runs. There is no queue per device.
#pragma once
#include <map>
#include <mutex>
#include <optional>

#include "core/json.h"
#include "fleet/database.h"
#include "fleet/group.h"

namespace verge::fleet {

// A target of the update repository, rolled out to a share of the fleet.
struct Deployment {
  int64_t id = 0;
  std::string target, hash;
  int64_t version = 0, bytes = 0;
  int percent = 0;               // of the devices, by hash of (deployment, device)
  std::string state;             // "active", "paused", "aborted"
  std::string reason;            // why it was paused
  double agreement = 0;          // with the model before, of a good release; 0: only refusals are watched
  int64_t runs = 0, agreed = 0;  // shadow inferences that devices told of
  bool automatic = false;        // promoted by the gate
  std::string devices;           // a query (fleet/group.h): whom the deployment is for; empty: everybody
  std::string key;               // of a sealed release (agent/sealed.h), hex; empty: anybody can read it. Never shown
};

// What a device says about itself.
struct Report {
  bool same = false;  // as the report before; only telemetry is told
  std::string hardware, hash, state, health, reason;
  std::map<std::string, std::string> labels;  // what its owner calls it
  int64_t version = 0;
  std::string failed;                                      // the hash of the last release that this device refused or took back
  std::string numbers;                                     // latency, drift and so on, JSON; empty: as before
  std::string shadow;                                      // the hash of the release that runs beside the live one
  int64_t shadow_runs = 0, shadow_agreed = 0;              // since it began
  std::vector<std::pair<int64_t, std::string>> telemetry;  // sequence, JSON
};

// 0 .. 9999, fixed for life: a device's place in a deployment.
int place_of(int64_t deployment, const std::string& device);

// A sequential test on "refused or taken back": failures of a rate of 1 % are fine, of 10 % are not; both errors at most 1 %.
enum class Verdict { kGoOn, kBad, kGood };
Verdict judge(int64_t good, int64_t bad);
// A sequential test on agreement: `expected` is fine, five points less is not; both errors at most 0.5 %.
Verdict judge_agreement(int64_t agreed, int64_t runs, double expected);
// How many devices a release may reach before judge_agreement() has spoken: 10, and up to 50 as the evidence grows.
int64_t devices_before_verdict(const Deployment& d);

class Registry {
 public:
  static Result<std::unique_ptr<Registry>> open(const std::string& path);

  // A secret, 32 hex digits, of which the database keeps the hash. Enrolment tokens serve once, for an hour.
  Result<std::string> make_enrolment_token(int64_t now_s);
  Result<std::string> make_access_token(const std::string& role, int64_t now_s);  // "admin" or "read"
  // kIntegrity when the token is unknown, used or too old; kInvalidArgument when the device's name is taken. `box`: the open key that releases' keys are
  // sealed to, hex.
  Result<void> enrol(const std::string& token, const std::string& device, int64_t now_s, const std::string& box = "");
  Result<std::string> box_of(const std::string& device);
  // A lost or stolen device: its check-ins are refused from now on, and nobody can take its name again. kNotFound without it.
  Result<void> remove(const std::string& device, const std::string& who, int64_t now_s);
  bool may(const std::string& token, bool write);

  Result<int64_t> deploy(const Deployment& what, const std::string& who, int64_t now_s);
  // "pause", "resume", "abort", or "promote" to the next of 1, 10, 50, 100 percent.
  Result<void> steer(int64_t deployment, const std::string& verb, const std::string& who, int64_t now_s);
  // What the device shall run: the newest deployment that reaches it.
  Result<std::optional<Deployment>> desired(const std::string& device, const std::string& actual_hash);
  // Stores the report and its telemetry (each sequence once), and pauses or promotes the deployment that the sequential tests speak of. Durable when it
  // returns; the hash that the device runs.
  Result<std::string> check_in(const std::string& device, const Report& report, int64_t now_s);

  Result<Deployment> deployment(int64_t id);
  // Devices that a query holds for, by name from the one after `after` on.
  Result<Json> devices(int64_t now_s, const Group& group = {}, const std::string& after = "", size_t most = 1'000'000);
  // One device with what it shall run, what happened to it, and its last telemetry. kNotFound without it.
  Result<Json> device(const std::string& id);
  // Counts: version by hardware, health, drift, silence.
  Result<Json> summary(int64_t now_s);
  Result<Json> deployments();
  // One deployment with the devices in each step of the update, and how the gate's evidence grew.
  Result<Json> deployment_in_full(int64_t id);
  // Records kept of devices whose names begin so.
  Result<int64_t> telemetry_of(const std::string& prefix);
  // Prometheus text format.
  Result<std::string> metrics(int64_t now_s);
  // kIntegrity names the first entry of the audit log that was changed.
  Result<void> check_audit();
  Result<Json> audit_log();

 private:
  Result<void> record(const std::string& who, const std::string& what, int64_t now_s);
  Result<std::string> make_token(const std::string& role, int64_t now_s);
  Result<std::string> store(const std::string& device, const Report& report, int64_t now_s);
  Result<void> watch(const Report& report, int64_t now_s);
  Result<void> weigh(const std::string& device, const Report& report, int64_t now_s);
  Result<void> advance(const Deployment& d, int64_t now_s);
  Result<void> pause(const Deployment& d, const std::string& reason, int64_t now_s);
  Result<void> tell_change(const std::string& device, const Report& report, int64_t now_s);
  Result<void> draw(const Deployment& d);
  Result<int64_t> size_of(const Deployment& d);
  void forget_sizes();
  Result<double> share_of(const Deployment& d);
  Result<std::vector<Facts>> facts(const std::string& device);
  Result<std::vector<Deployment>> all_deployments(const char* where);

  std::unique_ptr<Database> db_;
  std::mutex sizes_mutex_;
  std::map<std::string, std::pair<int64_t, double>> sizes_;  // devices by query, and when (seconds of the steady clock) they were counted
};

}  // namespace verge::fleet
