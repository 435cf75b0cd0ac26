// What local programs send over the agent's socket, cut into requests: u32 bytes (little endian), then so many bytes.
#pragma once
#include <cstdint>
#include <optional>

#include "core/bytes.h"
#include "core/result.h"

namespace verge::agent {

// One program's stream. Holds at most one request beyond what was taken, and memory for the bytes that came, not for those that were announced.
class Requests {
 public:
  static constexpr uint32_t kMostBytes = 64u << 20;

  void add(ByteSpan bytes) { in_.insert(in_.end(), bytes.begin(), bytes.end()); }
  // The next whole request, valid until the next call; nothing when more must come; kBudget when more than kMostBytes are announced.
  Result<std::optional<ByteSpan>> next();

 private:
  Bytes in_;
  size_t taken_ = 0;
};

}  // namespace verge::agent
