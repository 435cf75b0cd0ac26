#include "agent/requests.h"

#include <cstring>

#include "core/text.h"

namespace verge::agent {

Result<std::optional<ByteSpan>> Requests::next() {
  in_.erase(in_.begin(), in_.begin() + static_cast<ptrdiff_t>(taken_));
  taken_ = 0;
  uint32_t bytes = 0;
  if (in_.size() < sizeof bytes) return std::optional<ByteSpan>();
  std::memcpy(&bytes, in_.data(), sizeof bytes);
  if (bytes > kMostBytes) return Error(Code::kBudget, format("a request of %u bytes was announced; at most %u are taken", bytes, kMostBytes));
  if (in_.size() < sizeof bytes + bytes) return std::optional<ByteSpan>();
  taken_ = sizeof bytes + bytes;
  return std::optional(ByteSpan(in_).subspan(sizeof bytes, bytes));
}

}  // namespace verge::agent
