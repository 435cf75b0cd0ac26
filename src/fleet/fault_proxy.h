// A bad network in user space: a TCP relay that delays, slows, cuts, corrupts and duplicates what comes back from a server.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"

namespace verge::fleet {

// Faults strike the way from the server to the device. Shares are of connections.
struct FaultOptions {
  std::string to_host = "127.0.0.1";
  int to_port = 0, port = 0;  // port 0: any
  double bytes_per_s = 0;     // 0: as fast as it goes
  double delay_s = 0;         // before each piece
  double cut_share = 0;       // connections that end after a random number of bytes, at most `cut_within`
  uint64_t cut_within = 1 << 20;
  double corrupt_share = 0;    // connections in which one byte is changed
  double duplicate_share = 0;  // connections in which one piece comes twice
  uint64_t seed = 1;
};

struct FaultCounts {
  uint64_t connections = 0, cut = 0, corrupted = 0, duplicated = 0, bytes_up = 0, bytes_down = 0;
};

class FaultProxy {
 public:
  // Listens on 127.0.0.1. kIo when the port cannot be had.
  static Result<std::unique_ptr<FaultProxy>> start(const FaultOptions& options);
  virtual ~FaultProxy() = default;  // stops
  virtual int port() const = 0;
  virtual FaultCounts counts() const = 0;
};

}  // namespace verge::fleet
