// The device's error: one byte without text. Hosts attach words with core/result.h.
#pragma once
#include <cstdint>

namespace verge {

enum class Code : uint8_t {
  kOk = 0,
  kInvalidArgument,  // the caller's mistake: wrong name, shape or type
  kUnsupported,      // the model needs something that this build does not have
  kCorrupt,          // bytes that are not what they claim to be
  kOutOfMemory,      // the caller's memory is smaller than the plan
  kBusy,             // a second concurrent run of one session
  kNotFound,         // a file, a name
  kIo,               // reading or writing failed
  kBudget,           // accuracy, latency or memory out of reach
  kIntegrity,        // a hash or signature does not match
  kInternal,         // our bug
};

const char* code_name(Code code);

class [[nodiscard]] Status {
 public:
  constexpr Status() = default;
  constexpr Status(Code code) : code_(code) {}  // NOLINT: a Code is a Status
  constexpr bool ok() const { return code_ == Code::kOk; }
  constexpr Code code() const { return code_; }
  friend constexpr bool operator==(Status a, Status b) { return a.code_ == b.code_; }

 private:
  Code code_ = Code::kOk;
};

}  // namespace verge

// Leaves the function with the first bad status. Device rooms only; hosts use VERGE_TRY.
#define VERGE_RETURN_IF_BAD(...)                                  \
  do {                                                            \
    if (::verge::Status verge_status_ = (__VA_ARGS__); !verge_status_.ok()) return verge_status_; \
  } while (0)
// Leaves the function with `code` unless `condition` holds.
#define VERGE_REQUIRE(condition, code) \
  do {                                 \
    if (!(condition)) return ::verge::Status(code); \
  } while (0)
