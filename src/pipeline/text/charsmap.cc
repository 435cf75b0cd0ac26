#include "pipeline/text/charsmap.h"

#include <cstring>

#include "pipeline/text/unicode.h"

namespace verge::text {
namespace {

constexpr std::string_view kReplacementText = "\xef\xbf\xbd";

uint32_t label(uint32_t unit) { return unit & (1u << 31 | 0xff); }
uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
bool has_value(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t value(uint32_t unit) { return unit & ~(1u << 31); }

}  // namespace

Result<CharsMap> CharsMap::read(ByteSpan bytes) {
  CharsMap out;
  if (bytes.empty()) return out;
  uint32_t size = 0;
  if (bytes.size() < sizeof size) return corrupt("the table of replacements is cut short");
  std::memcpy(&size, bytes.data(), sizeof size);
  if (size > bytes.size() - sizeof size || size % sizeof(uint32_t)) return corrupt("the table of replacements names a trie of " + std::to_string(size) + " bytes and has " + std::to_string(bytes.size()));
  out.units_.resize(size / sizeof(uint32_t));
  if (size) std::memcpy(out.units_.data(), bytes.data() + sizeof size, size);
  out.texts_.assign(reinterpret_cast<const char*>(bytes.data()) + sizeof size + size, bytes.size() - sizeof size - size);
  return out;
}

CharsMap::Found CharsMap::first(std::string_view text) const {
  size_t bytes = 0, at = 0;
  uint32_t place = 0;
  const auto unit = [&](size_t i) { return i < units_.size() ? units_[i] : 0; };
  size_t node = units_.empty() ? 0 : offset(unit(0));
  for (size_t i = 0; i < text.size() && !units_.empty(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at = node ^ byte;
    if (label(unit(at)) != byte) break;
    node = at ^ offset(unit(at));
    if (!has_value(unit(at))) continue;
    bytes = i + 1;
    place = value(unit(node));
  }
  if (bytes && place < texts_.size()) {
    const std::string_view rest = std::string_view(texts_).substr(place);
    return {rest.substr(0, rest.find('\0')), bytes};
  }
  const Character c = first_character(text);
  return {c.code == kReplacement && c.bytes == 1 ? kReplacementText : text.substr(0, c.bytes), c.bytes};
}

}  // namespace verge::text
