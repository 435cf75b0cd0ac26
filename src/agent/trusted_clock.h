// Time on a device whose clock may have lost it: never before the last check-in, which signed certificates vouched for, and never standing still.
#pragma once
#include <cstdint>

#include "os/storage.h"

namespace verge::agent {

class TrustedClock {
 public:
  struct Sources {
    int64_t (*system_s)();    // seconds since 1970, as the system believes
    double (*monotonic_s)();  // never goes back while the program runs
  };
  // Reads the last check-in's time from `storage`, file "clock"; a damaged file counts as none.
  static TrustedClock open(Storage& storage, Sources sources);
  static TrustedClock open(Storage& storage);  // of this machine

  // Seconds since 1970: the system's, or what has passed since the last check-in that is known of, whichever is later.
  int64_t now_s() const;
  // By how many seconds the system's clock is behind that; 0: it is not.
  int64_t behind_s() const;
  // A server was reached whose certificate was good now. Written at most once an hour.
  Result<void> checked_in();

 private:
  TrustedClock(Storage& storage, Sources sources) : storage_(&storage), sources_(sources), begin_s_(sources.monotonic_s()) {}
  Storage* storage_;
  Sources sources_;
  int64_t floor_s_ = 0, written_s_ = 0;
  double begin_s_ = 0;  // monotonic, when floor_s_ was read
};

}  // namespace verge::agent
