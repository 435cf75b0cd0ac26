// A value or an error whose trail reads outermost first. Hosts use it; the device has Status alone.
//
//   Result<Graph> load(const std::string& path) {
//     VERGE_TRY(Bytes file, read_file(path));
//     VERGE_TRY(Graph graph, parse(file), "reading " + path);
//     return graph;
//   }
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/status.h"

namespace verge {

// What went wrong, in words for the person who can mend it: file, node and value, what was found, what was wanted, the remedy.
class Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  // Puts `where` before the message.
  Error within(const std::string& where) && {
    message_ = where + ": " + message_;
    return std::move(*this);
  }

 private:
  Code code_;
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: a value is a result
  Result(Error error) : value_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: an error is a result

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return std::get<0>(value_); }
  const T& operator*() const& { return std::get<0>(value_); }
  T&& operator*() && { return std::get<0>(std::move(value_)); }
  T* operator->() { return &std::get<0>(value_); }
  const T* operator->() const { return &std::get<0>(value_); }
  const Error& error() const& { return std::get<1>(value_); }
  Error&& error() && { return std::get<1>(std::move(value_)); }

 private:
  std::variant<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void operator*() const {}
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

inline Result<void> done() { return {}; }

inline Error invalid(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
inline Error unsupported(std::string message) { return {Code::kUnsupported, std::move(message)}; }
inline Error corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }
inline Error not_found(std::string message) { return {Code::kNotFound, std::move(message)}; }
inline Error io_error(std::string message) { return {Code::kIo, std::move(message)}; }
inline Error internal(std::string message) { return {Code::kInternal, std::move(message)}; }

namespace detail {
inline Error in_context(Error error) { return error; }
inline Error in_context(Error error, const std::string& where) { return std::move(error).within(where); }
}  // namespace detail

}  // namespace verge

#define VERGE_CONCAT_(a, b) a##b
#define VERGE_CONCAT(a, b) VERGE_CONCAT_(a, b)
// VERGE_TRY(declaration, expression [, where]): leaves the function with the error, else initialises the declaration with the value.
#define VERGE_TRY(declaration, expression, ...)                                                                           \
  auto VERGE_CONCAT(verge_try_, __LINE__) = (expression);                                                                 \
  if (!VERGE_CONCAT(verge_try_, __LINE__).ok())                                                                           \
    return ::verge::detail::in_context(std::move(VERGE_CONCAT(verge_try_, __LINE__)).error() __VA_OPT__(, ) __VA_ARGS__); \
  declaration = *std::move(VERGE_CONCAT(verge_try_, __LINE__))
// The same for an expression without a value.
#define VERGE_CHECK(expression, ...)                                                                                        \
  do {                                                                                                                      \
    auto verge_check_ = (expression);                                                                                       \
    if (!verge_check_.ok()) return ::verge::detail::in_context(std::move(verge_check_).error() __VA_OPT__(, ) __VA_ARGS__); \
  } while (0)
