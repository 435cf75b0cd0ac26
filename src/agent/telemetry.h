// Records that wait for the network: a ring of files with a bound, each record under a sequence number that is its own for ever.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "core/json.h"
#include "os/storage.h"

namespace verge::agent {

struct TelemetryOptions {
  size_t segment_bytes = 16 * 1024;
  size_t segments = 16;  // the oldest goes when there are more
};

// A power cut loses at most what was added since waiting() was called; what the server has heard of is never numbered again.
class TelemetryRing {
 public:
  static Result<TelemetryRing> open(Storage& storage, TelemetryOptions options = {});
  // `record` is an object; its member "sequence" is set. Returns the number.
  Result<int64_t> add(Json record);
  // The oldest records that were not acknowledged, on the disk before they are returned.
  Result<std::vector<Json>> waiting(size_t most);
  // The server has everything up to and with this number.
  Result<void> acknowledge(int64_t sequence);
  // Records that were thrown away unsent, for lack of room.
  int64_t dropped() const { return dropped_; }

 private:
  struct Segment {
    int64_t first = 0, next = 0;  // sequences
    size_t bytes = 0;
    std::string name() const;
  };
  TelemetryRing(Storage& storage, TelemetryOptions options) : storage_(&storage), options_(options) {}
  Result<void> begin_segment();
  Result<std::vector<Json>> read(const std::string& name) const;

  Storage* storage_;
  TelemetryOptions options_;
  std::deque<Segment> segments_;
  int64_t next_ = 0, acknowledged_ = -1, dropped_ = 0;
};

}  // namespace verge::agent
