// The steps around a model of pieces: what changes a text, what cuts it into words, and what joins pieces again.
#pragma once
#include <cstdint>

#include "pipeline/text/charsmap.h"
#include "pipeline/text/tokenizer.h"

namespace verge::text {

inline constexpr std::string_view kSpaceMark = "\xe2\x96\x81";  // U+2581, where SentencePiece has a space

struct BertRules {
  bool cleans = true, ideographs_alone = true, strips_accents = true, lowers = true;
};
Change bert_change(const BertRules& rules);
Change lower_change();
// Canonical decomposition without its marks.
Change without_accents_change();
Change replaced_change(const std::string& from, const std::string& to);
Change single_spaces_change();  // runs of spaces become one
Change prefixed_change(const std::string& prefix);
Change stripped_change(bool left, bool right);
Change mapped_change(CharsMap map);

// SentencePiece's own: replacements, then spaces as kSpaceMark.
struct SentencePieceRules {
  CharsMap map;
  bool space_in_front = true, removes_spaces = true;
};
Change sentencepiece_change(SentencePieceRules rules);

Cut bert_cut();              // at spaces; punctuation alone
Cut at_spaces_cut();
Cut words_cut();             // runs of \w, runs of what is neither \w nor space
Cut punctuation_cut();       // alone
Cut digits_cut(bool alone);  // runs of numbers, or each alone
// GPT-2's words (with `words`), their bytes as printable characters.
Cut byte_level_cut(bool space_in_front, bool words);
// Spaces as `mark`; one more in front of the first part or of each; parts begin with it where `splits`.
enum class InFront : uint8_t { kNever, kFirst, kAlways };
Cut metaspace_cut(const std::string& mark, InFront in_front, bool splits);

Joined wordpiece_joined(const std::string& prefix, bool cleans);
Joined byte_level_joined();
// `mark` as spaces, the first one left out; <0x41> as bytes.
Joined metaspace_joined(const std::string& mark);
Joined ended_words_joined(const std::string& end_of_word);

// The byte that "<0x41>" names, or -1.
int byte_of(std::string_view piece);
// The 256 ids of such pieces; nothing unless all are there.
std::vector<int> byte_ids(const Vocabulary& pieces);
// The character that stands for a byte in GPT-2's vocabularies.
std::string byte_character(uint8_t byte);

}  // namespace verge::text
