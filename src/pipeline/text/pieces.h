// How a word becomes pieces of a vocabulary.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace verge::text {

class Vocabulary {
 public:
  void add(std::string piece, int id) { ids_.emplace(std::move(piece), id); }
  // -1 where the piece is not known.
  int find(std::string_view piece) const {
    const auto it = ids_.find(piece);
    return it == ids_.end() ? -1 : it->second;
  }
  size_t size() const { return ids_.size(); }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, int, Hash, std::equal_to<>> ids_;
};

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  // Appends the ids of the word's pieces. `word` is UTF-8 and not empty.
  virtual void encode(std::string_view word, std::vector<int>& ids) const = 0;
};

// What stands for characters without a piece of their own.
struct Unknown {
  int id = -1;                // -1: nothing does
  bool fused = false;         // one for a run of them
  std::vector<int> of_bytes;  // 256 ids, or none: each byte has its piece
};

// The longest piece that fits, from left to right; behind the first they begin with `prefix`. A word with a rest is unknown as a whole.
struct WordPiece : PieceModel {
  Vocabulary pieces;
  std::string prefix = "##";
  size_t most_characters = 100;
  int unknown = -1;
  void encode(std::string_view word, std::vector<int>& ids) const override;
};

// Neighbours become one piece, the best pair first, until no pair has a rule.
//   by rank    `pairs` names the pairs (Hugging Face)
//   by score   any two whose text together is a piece; the highest score first (SentencePiece)
struct PairMerging : PieceModel {
  struct Merge {
    double cost;
    int id;
  };
  Vocabulary pieces;
  std::unordered_map<uint64_t, Merge> pairs;  // key_of(left, right)
  std::vector<float> scores;                  // by id; empty: by rank
  bool whole_words = false;                   // a word that is a piece stays whole
  std::string end_of_word;                    // stands behind a word's last character
  Vocabulary whole;                           // pieces that are found before all merging, the longest first, and take no part in it
  size_t longest_whole = 0;                   // bytes
  Unknown unknown;

  static uint64_t key_of(int left, int right) { return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right); }
  void encode(std::string_view word, std::vector<int>& ids) const override;
};

// The pieces whose scores have the greatest sum (SentencePiece's unigram language model).
struct Unigram : PieceModel {
  Vocabulary pieces;
  std::vector<double> scores;  // by id
  size_t longest = 0;          // bytes of the longest piece
  double unknown_score = 0;
  bool single_precision = false;  // sums as SentencePiece forms them
  Unknown unknown;
  void encode(std::string_view word, std::vector<int>& ids) const override;
};

}  // namespace verge::text
