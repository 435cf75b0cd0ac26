// Texts to the numbers that language models take, and back.
//
//   vocab.txt         WordPiece as BERT has it
//   tokenizer.json    Hugging Face: WordPiece, BPE and Unigram with the steps of docs/text.md
//   *.model           SentencePiece: BPE and Unigram
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "pipeline/text/pieces.h"

namespace verge::text {

struct Tokens {
  std::vector<int> ids;
  std::vector<int> types;  // 0: of the first text, 1: of the second
  friend bool operator==(const Tokens&, const Tokens&) = default;
};

// A text changed before it is cut. `first`: it begins the whole text.
using Change = std::function<std::string(const std::string& text, bool first)>;
// A text in parts.
using Cut = std::function<std::vector<std::string>(const std::string& text, bool first)>;
// Pieces as text.
using Joined = std::function<std::string(const std::vector<std::string>& pieces)>;

// A token that is found in the text as it stands.
struct AddedToken {
  std::string text;
  int id = 0;
  bool special = false, strips_left = false, strips_right = false;  // spaces beside it
};

// What stands around one text or two: a token, the first text or the second.
struct Place {
  enum class What : uint8_t { kToken, kFirst, kSecond } what = What::kToken;
  int id = 0, type = 0;
};

class Tokenizer {
 public:
  // kUnsupported names the step that has no rule, kCorrupt what is damaged.
  static Result<Tokenizer> read(ByteSpan file);

  Tokens encode(const std::string& text, bool with_special = true) const;
  Tokens encode_pair(const std::string& first, const std::string& second, bool with_special = true) const;
  // Special tokens and ids without a piece are left out.
  std::string decode(std::span<const int> ids) const;
  const std::vector<std::string>& pieces() const { return pieces_; }

 private:
  friend Result<Tokenizer> read_vocabulary(ByteSpan file);
  friend Result<Tokenizer> read_tokenizer_json(ByteSpan file);
  friend Result<Tokenizer> read_sentencepiece(ByteSpan file);
  void append_plain(const std::string& text, bool first, std::vector<int>& ids) const;
  std::vector<int> ids_of(const std::string& text) const;

  std::vector<Change> changes_;
  std::vector<Cut> cuts_;
  std::shared_ptr<const PieceModel> model_;
  std::vector<AddedToken> added_;
  std::vector<Place> single_ = {{Place::What::kFirst}}, pair_ = {{Place::What::kFirst}, {Place::What::kSecond, 0, 1}};
  std::vector<std::string> pieces_;  // by id
  Joined joined_;
};

Result<Tokenizer> read_vocabulary(ByteSpan file);
Result<Tokenizer> read_tokenizer_json(ByteSpan file);
Result<Tokenizer> read_sentencepiece(ByteSpan file);

}  // namespace verge::text
