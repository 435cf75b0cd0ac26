#include "agent/http_head.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace verge::agent {
namespace {

// Digits alone, at most 2^62.
Result<int64_t> number(std::string_view text, const char* what) {
  int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0 || out > int64_t{1} << 62)
    return io_error(std::string("the answer's ") + what + " is no number");
  return out;
}

std::string_view trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r");
  return from == std::string_view::npos ? std::string_view() : text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

Result<int> parse_status(std::string_view line) {
  if (!starts_with(line, "HTTP/1.") || line.size() < 12) return io_error("the answer is no HTTP");
  VERGE_TRY(const int64_t status, number(line.substr(9, 3), "status"));
  if (status < 100 || status > 599) return io_error("the answer's status is no number");
  return static_cast<int>(status);
}

Result<void> take_header(const std::string& name, std::string_view value, HttpHead& out) {
  if (name == "etag") out.etag = value;
  if (name == "content-length") {
    VERGE_TRY(out.length, number(value, "length"));
  }
  if (name == "retry-after")
    if (const auto seconds = number(value, "delay"); seconds.ok()) out.retry_after_s = std::min<int64_t>(*seconds, 3600);  // a date is not understood
  if (name == "transfer-encoding" && value != "identity") return io_error("the answer comes in chunks, which an HTTP/1.0 request does not allow");
  return done();
}

}  // namespace

Result<HttpHead> parse_http_head(std::string_view text) {
  HttpHead out;
  const std::vector<std::string> lines = split(text, '\n');
  VERGE_TRY(out.status, parse_status(lines.empty() ? "" : lines[0]));
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon != std::string::npos) VERGE_CHECK(take_header(lower_case(lines[i].substr(0, colon)), trimmed(std::string_view(lines[i]).substr(colon + 1)), out));
  }
  if (out.status == 304 || out.status == 204) out.length = 0;
  return out;
}

}  // namespace verge::agent
