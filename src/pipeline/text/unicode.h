// Characters of UTF-8 text: code points, classes, lower case, letters without their accents.
#pragma once
#include <string>
#include <string_view>

namespace verge::text {

inline constexpr char32_t kReplacement = 0xfffd;

// The character at the beginning of `text` (not empty) and its bytes. A byte that begins no character is kReplacement, alone.
struct Character {
  char32_t code = 0;
  size_t bytes = 0;
};
Character first_character(std::string_view text);

std::u32string from_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code);
std::string to_utf8(std::u32string_view codes);

bool is_letter(char32_t c);
bool is_number(char32_t c);
bool is_punctuation(char32_t c);
bool is_mark(char32_t c);   // non-spacing
bool is_other(char32_t c);  // control, format, private, surrogate, unassigned
bool is_space(char32_t c);  // White_Space
bool is_ideograph(char32_t c);  // the blocks that BERT takes apart

char32_t lower(char32_t c);
// The canonical decomposition of `c` without non-spacing marks.
void append_without_marks(std::u32string& out, char32_t c);

}  // namespace verge::text
