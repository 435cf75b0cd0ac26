#include "pipeline/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/text/steps.h"
#include "pipeline/text/unicode.h"

namespace verge::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ByteSpan bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

Tokenizer read(const std::string& file) {
  auto out = Tokenizer::read(bytes_of(file));
  EXPECT_TRUE(out.ok()) << out.error().message();
  return *std::move(out);
}

const std::string kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nresume\n!\n\xe4\xbd\xa0\n";

TEST(WordPieceTokenizer, TakesTheLongestPieceFromLeftToRight) {
  const Tokenizer t = read(kVocabulary);
  EXPECT_THAT(t.encode("Unaffable!").ids, ElementsAre(2, 5, 6, 7, 9, 3));
  EXPECT_THAT(t.encode("unaffab").ids, ElementsAre(2, 1, 3)) << "a word with a rest is unknown as a whole";
}

TEST(WordPieceTokenizer, LosesAccentsAndStandsIdeographsAlone) {
  EXPECT_THAT(read(kVocabulary).encode("R\xc3\xa9sum\xc3\xa9\xe4\xbd\xa0").ids, ElementsAre(2, 8, 10, 3));
}

TEST(WordPieceTokenizer, TwoTextsHaveTwoTypes) {
  const Tokens t = read(kVocabulary).encode_pair("un", "!");
  EXPECT_THAT(t.ids, ElementsAre(2, 5, 3, 9, 3));
  EXPECT_THAT(t.types, ElementsAre(0, 0, 0, 1, 1));
}

TEST(WordPieceTokenizer, JoinsPiecesAgain) {
  const Tokenizer t = read(kVocabulary);
  EXPECT_EQ(t.decode(t.encode("unaffable!").ids), "unaffable!");
}

const char* const kBpe = R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"},
  "added_tokens": [{"id": 7, "content": "<end>", "special": true}],
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5, "Ġ": 6}, "merges": ["b c", "a b", "a bc"]}})";

TEST(PairMergingTokenizer, MergesTheBestRankFirst) {
  const Tokenizer t = read(kBpe);
  EXPECT_THAT(t.encode("abc").ids, ElementsAre(5)) << "b c before a b";
  EXPECT_THAT(t.encode("ab abb<end>").ids, ElementsAre(3, 6, 3, 1, 7));
  EXPECT_EQ(t.decode(t.encode("ab abb<end>").ids), "ab abb");
}

TEST(UnigramTokenizer, TakesTheGreatestSum) {
  const std::string mark(kSpaceMark);
  const std::string file = R"({"pre_tokenizer": {"type": "Metaspace"}, "decoder": {"type": "Metaspace"}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], [")" + mark +
                           R"(a", -1], ["b", -1.5], ["ab", -1], [")" + mark + R"(", -0.5], ["c", -3]]}})";
  const Tokenizer t = read(file);
  EXPECT_THAT(t.encode("ab").ids, ElementsAre(4, 3)) << "-0.5 - 1 is more than -1 - 1.5";
  EXPECT_THAT(t.encode("axxb").ids, ElementsAre(1, 0, 2)) << "one unknown for a run of them";
  EXPECT_EQ(t.decode(t.encode("ab cab").ids), "ab cab");
}

std::string field(int number, const std::string& bytes) { return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes; }

// A SentencePiece model of the pieces that are given; `kind` 1 is unigram, 2 is BPE.
std::string sentencepiece_file(int kind, const std::vector<std::pair<std::string, float>>& pieces) {
  std::string out = field(1, field(1, "<unk>") + "\x18\x02");
  for (const auto& [piece, score] : pieces) out += field(1, field(1, piece) + '\x15' + std::string(reinterpret_cast<const char*>(&score), sizeof score));
  return out + field(2, {'\x18', static_cast<char>(kind)});
}

TEST(SentencePieceTokenizer, ReadsUnigramAndMerging) {
  const std::string mark(kSpaceMark);
  const std::vector<std::pair<std::string, float>> pieces = {{mark, -1}, {"a", -2}, {"b", -2}, {"ab", -2.5f}, {mark + "a", -1.5f}};
  EXPECT_THAT(read(sentencepiece_file(1, pieces)).encode("ab  x").ids, ElementsAre(1, 4, 1, 0)) << "-1 - 2.5 and -1.5 - 2 are the same: the first found stays";
  EXPECT_THAT(read(sentencepiece_file(2, pieces)).encode("ab").ids, ElementsAre(5, 3)) << "-1.5 merges before -2.5";
}

TEST(Tokenizer, StepsWithoutRuleAreNamed) {
  const auto t = Tokenizer::read(bytes_of(R"({"normalizer": {"type": "NFKC"}, "model": {"type": "Unigram", "vocab": [["a", 0]]}})"));
  ASSERT_FALSE(t.ok());
  EXPECT_EQ(t.error().code(), Code::kUnsupported);
  EXPECT_THAT(t.error().message(), HasSubstr("normalizer NFKC"));
}

TEST(Tokenizer, EveryTruncationAndBitFlipIsReadOrRefused) {
  for (const std::string& file : {std::string(kBpe), kVocabulary, sentencepiece_file(1, {{"ab", -1}, {"c", -2}})}) {
    for (size_t n = 0; n < file.size(); ++n) (void)Tokenizer::read(bytes_of(file.substr(0, n)));
    for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
      std::string flipped = file;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      const auto t = Tokenizer::read(bytes_of(flipped));
      if (t.ok()) (void)t->decode(t->encode("abc unaffable!").ids);
    }
  }
}

TEST(Unicode, BytesThatBeginNoCharacterAreReplacedOneByOne) {
  EXPECT_EQ(from_utf8("a\xff\xc3\xa9\xe4\xbd"), std::u32string(U"a\ufffd\u00e9\ufffd\ufffd"));
  EXPECT_EQ(to_utf8(U"\u00e9\U0001f600"), "\xc3\xa9\xf0\x9f\x98\x80");
}

}  // namespace
}  // namespace verge::text
