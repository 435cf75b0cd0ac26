#include "pipeline/text/unicode.h"

#include <algorithm>
#include <iterator>

namespace verge::text {
namespace {

struct Range {
  char32_t first, last;
};
struct Mapping {
  char32_t from, to;
};
struct Base {
  char32_t from, first, second;  // second 0: none
};
#include "pipeline/text/unicode_tables.inc"

constexpr Range kSpaces[] = {{0x9, 0xd}, {0x20, 0x20}, {0x85, 0x85}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
constexpr Range kIdeographs[] = {{0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x2a6df}, {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b820, 0x2ceaf}, {0x2f800, 0x2fa1f}};
constexpr char32_t kFirstSyllable = 0xac00, kLastSyllable = 0xd7a3, kLead = 0x1100, kVowel = 0x1161, kTrail = 0x11a7, kVowels = 21, kTrails = 28;  // Hangul

template <size_t n> bool within(const Range (&ranges)[n], char32_t c) {
  const auto it = std::upper_bound(std::begin(ranges), std::end(ranges), c, [](char32_t v, const Range& r) { return v < r.first; });
  return it != std::begin(ranges) && c <= std::prev(it)->last;
}

template <typename Row, size_t n> const Row* row_of(const Row (&rows)[n], char32_t c) {
  const auto it = std::lower_bound(std::begin(rows), std::end(rows), c, [](const Row& row, char32_t v) { return row.from < v; });
  return it != std::end(rows) && it->from == c ? it : nullptr;
}

size_t length_by_lead(unsigned char lead) { return lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0; }

}  // namespace

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = length_by_lead(lead);
  if (length == 1) return {lead, 1};
  if (length == 0 || length > text.size()) return {kReplacement, 1};
  char32_t code = lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return {kReplacement, 1};
    code = code << 6 | (byte & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {kReplacement, 1};
  return {code, length};
}

std::u32string from_utf8(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const Character c = first_character(text);
    out.push_back(c.code);
    text.remove_prefix(c.bytes);
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3f))); };
  if (c < 0x80) return out.push_back(static_cast<char>(c));
  if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | c >> 6));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | c >> 12));
    tail(6);
  } else {
    out.push_back(static_cast<char>(0xf0 | c >> 18));
    tail(12);
    tail(6);
  }
  tail(0);
}

std::string to_utf8(std::u32string_view codes) {
  std::string out;
  for (const char32_t c : codes) append_utf8(out, c);
  return out;
}

bool is_letter(char32_t c) { return within(kLetters, c); }
bool is_number(char32_t c) { return within(kNumbers, c); }
bool is_punctuation(char32_t c) { return within(kPunctuation, c); }
bool is_mark(char32_t c) { return within(kMarks, c); }
bool is_other(char32_t c) { return within(kOthers, c); }
bool is_space(char32_t c) { return within(kSpaces, c); }
bool is_ideograph(char32_t c) { return within(kIdeographs, c); }

char32_t lower(char32_t c) {
  const Mapping* row = row_of(kLower, c);
  return row ? row->to : c;
}

void append_without_marks(std::u32string& out, char32_t c) {
  if (is_mark(c)) return;
  if (c >= kFirstSyllable && c <= kLastSyllable) {
    const char32_t i = c - kFirstSyllable;
    out.push_back(kLead + i / (kVowels * kTrails));
    out.push_back(kVowel + i / kTrails % kVowels);
    if (i % kTrails) out.push_back(kTrail + i % kTrails);
    return;
  }
  const Base* base = row_of(kBases, c);
  out.push_back(base ? base->first : c);
  if (base && base->second) out.push_back(base->second);
}

}  // namespace verge::text
