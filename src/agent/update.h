// How a device comes from one model to the next: a table of states, slots named by hash, one record whose rename is the switch.
//
//   record.json          what is active, what was before, what is on its way
//   HASH.vpk             slots
//   HASH.part            a download, appended to; goes on after a restart
//
// After a power cut at any point the record names a whole, verified model; the update goes on or is dropped.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "os/storage.h"

namespace verge::agent {

enum class State : uint8_t {
  kIdle,         // the active model is the one that stays
  kDownloading,  // bytes of the candidate arrive
  kTesting,      // it is whole; its golden vectors are run on this processor
  kTrial,        // it is active; the health gate watches it
  kShadow,       // tested, before the trial: it runs beside the active model on a share of live inputs
};
enum class Event : uint8_t { kOffered, kArrived, kDropped, kShadowed, kPassed, kFailed, kHealthy, kUnhealthy };
const char* state_name(State state);

// What a release is, as the signed metadata says.
struct Release {
  std::string hash;     // SHA-256, hex
  int64_t version = 0;  // grows; a lower one than the highest that was committed is refused
  int64_t bytes = 0;
};

struct Record {
  State state = State::kIdle;
  Release active, previous, candidate;  // an empty hash: none
  int64_t floor = 0;                    // highest version that was committed
  int boots = 0;                        // starts since the trial began
  std::vector<std::string> refused;     // hashes that failed here, the newest last
  std::string reason;                   // why the last candidate was refused, for people
  bool shadow = false;                  // whether the candidate goes through the shadow
};

// Runs a package's golden vectors; the error says what differed.
using SelfTest = std::function<Result<void>(ByteSpan package)>;

class Updater {
 public:
  // Reads the record, removes what no state needs, runs a test that was cut again, and counts a start in a trial: the fourth rolls back.
  static Result<Updater> open(Storage& storage, SelfTest test);

  // Takes an offer and says at which byte its download goes on. kInvalidArgument, with the reason, when it is refused: below the floor, failed before.
  // `shadow`: after its test it waits in the shadow for accept() or refuse().
  Result<uint64_t> offer(const Release& release, bool shadow = false);
  Result<void> arrive(ByteSpan piece);
  // All bytes are there: compares the hash, tests, switches. An error leaves the active model as it was.
  Result<void> install();
  // What came of the shadow: the switch, or a refusal.
  Result<void> accept();
  Result<void> refuse(const std::string& reason);
  // The health gate's word, and an operator's.
  Result<void> commit();
  Result<void> roll_back(const std::string& reason);
  // Forgets the candidate (its download broke beyond repair, or another is wanted).
  Result<void> drop(const std::string& reason);

  const Record& record() const { return record_; }
  // The active model's bytes; kNotFound before the first install.
  Result<Bytes> active() const;
  Result<Bytes> candidate() const;
  static std::string slot(const Release& r) { return r.hash + ".vpk"; }

 private:
  Updater(Storage& storage, SelfTest test) : storage_(&storage), test_(std::move(test)) {}
  Result<void> step(Event event);
  Result<void> save(const Record& next);
  Result<void> sweep();
  Result<void> end(Event event, const std::string& reason);
  Result<void> check_candidate();

  Storage* storage_;
  SelfTest test_;
  Record record_;
  uint64_t arrived_ = 0;
};

}  // namespace verge::agent
