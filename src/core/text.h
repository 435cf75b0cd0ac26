// Small helpers for words: joining, splitting, sizes and numbers as people read them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace verge {

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);
bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);
std::string lower_case(std::string_view text);
// printf into a string.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
// "314,601"
std::string with_commas(int64_t n);
// "86.4 KB" (KB = 1,000 bytes)
std::string human_bytes(double bytes);
// "[1,3,32,32]"
template <typename Range> std::string bracketed(const Range& values) {
  std::string out = "[";
  for (const auto& v : values) out += (out.size() > 1 ? "," : "") + std::to_string(v);
  return out + "]";
}

}  // namespace verge
