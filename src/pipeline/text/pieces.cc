#include "pipeline/text/pieces.h"

#include <algorithm>
#include <limits>
#include <queue>

#include "pipeline/text/unicode.h"

namespace verge::text {
namespace {

size_t character_count(std::string_view word) {
  size_t n = 0;
  for (; !word.empty(); ++n) word.remove_prefix(first_character(word).bytes);
  return n;
}

// A character or run without a piece. `again`: the one before it was unknown, too.
void append_unknown(const Unknown& unknown, std::string_view text, bool again, std::vector<int>& ids) {
  if (!unknown.of_bytes.empty()) {
    for (const char c : text) ids.push_back(unknown.of_bytes[static_cast<unsigned char>(c)]);
  } else if (unknown.id >= 0 && !(again && unknown.fused)) {
    ids.push_back(unknown.id);
  }
}

struct Symbol {
  int before, next;  // -1: none
  size_t begin, length;
  int id;
  bool whole = false;
};

struct Candidate {
  double cost;
  int left, right;
  size_t length;  // of both when it was found; one that has grown since is another
  int id;
  bool operator<(const Candidate& other) const { return cost != other.cost ? cost > other.cost : left > other.left; }  // the best on top
};

class Merger {
 public:
  Merger(const PairMerging& model, std::string_view word) : model_(model), word_(word) {}

  void run(std::vector<int>& ids) {
    split();
    for (int i = 0; i + 1 < static_cast<int>(symbols_.size()); ++i) consider(i, i + 1);
    while (!queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      if (symbols_[best.left].length && symbols_[best.right].length && symbols_[best.left].length + symbols_[best.right].length == best.length) merge(best);
    }
    bool again = false;
    for (int i = symbols_.empty() ? -1 : 0; i >= 0; i = symbols_[i].next) {
      const Symbol& s = symbols_[i];
      if (s.id >= 0) ids.push_back(s.id);
      else append_unknown(model_.unknown, word_.substr(s.begin, s.length), again, ids);
      again = s.id < 0;
    }
  }

 private:
  void split() {
    for (size_t at = 0; at < word_.size();) {
      const size_t whole = whole_at(at), bytes = whole ? whole : first_character(word_.substr(at)).bytes;
      const std::string_view part = word_.substr(at, bytes);
      const bool last = at + bytes == word_.size();
      const int id = whole ? model_.whole.find(part) : last && !model_.end_of_word.empty() ? model_.pieces.find(std::string(part) + model_.end_of_word) : model_.pieces.find(part);
      const int n = static_cast<int>(symbols_.size());
      symbols_.push_back({n - 1, last ? -1 : n + 1, at, bytes, id, whole != 0});
      at += bytes;
    }
  }
  size_t whole_at(size_t at) const {
    for (size_t length = std::min(model_.longest_whole, word_.size() - at); length > 0; --length)
      if (model_.whole.find(word_.substr(at, length)) >= 0) return length;
    return 0;
  }
  void consider(int left, int right) {
    const Symbol &a = symbols_[left], &b = symbols_[right];
    if (a.whole || b.whole) return;
    const size_t length = a.length + b.length;
    if (model_.scores.empty()) {
      if (a.id < 0 || b.id < 0) return;
      const auto it = model_.pairs.find(PairMerging::key_of(a.id, b.id));
      if (it != model_.pairs.end()) queue_.push({it->second.cost, left, right, length, it->second.id});
    } else if (const int id = model_.pieces.find(word_.substr(a.begin, length)); id >= 0) {
      queue_.push({-static_cast<double>(model_.scores[id]), left, right, length, id});
    }
  }
  void merge(const Candidate& c) {
    Symbol &a = symbols_[c.left], &b = symbols_[c.right];
    a.length = c.length;
    a.id = c.id;
    a.next = b.next;
    b.length = 0;
    if (a.next >= 0) symbols_[a.next].before = c.left;
    if (a.before >= 0) consider(a.before, c.left);
    if (a.next >= 0) consider(c.left, a.next);
  }

  const PairMerging& model_;
  std::string_view word_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> queue_;
};

struct Step {
  size_t from = 0;
  int id = -1;  // -1: a character without a piece
  double score = -std::numeric_limits<double>::infinity();
};

void offer(Step& end, const Step& step) {
  if (step.score > end.score) end = step;
}

}  // namespace

void WordPiece::encode(std::string_view word, std::vector<int>& ids) const {
  const size_t before = ids.size();
  const auto give_up = [&] {
    ids.resize(before);
    if (unknown >= 0) ids.push_back(unknown);
  };
  if (character_count(word) > most_characters) return give_up();
  for (size_t at = 0; at < word.size();) {
    int id = -1;
    size_t end = word.size();
    for (; end > at; --end) {
      const std::string_view part = word.substr(at, end - at);
      id = at ? pieces.find(prefix + std::string(part)) : pieces.find(part);
      if (id >= 0) break;
    }
    if (id < 0) return give_up();
    ids.push_back(id);
    at = end;
  }
}

void PairMerging::encode(std::string_view word, std::vector<int>& ids) const {
  if (whole_words)
    if (const int id = pieces.find(word); id >= 0) return ids.push_back(id);
  Merger(*this, word).run(ids);
}

void Unigram::encode(std::string_view word, std::vector<int>& ids) const {
  std::vector<Step> best(word.size() + 1);  // the best way to end there
  best[0].score = 0;
  const auto sum = [&](double a, double b) { return single_precision ? static_cast<double>(static_cast<float>(a) + static_cast<float>(b)) : a + b; };
  for (size_t at = 0; at < word.size();) {
    const size_t character = first_character(word.substr(at)).bytes;
    bool covered = false;
    for (size_t length = 1; length <= std::min(longest, word.size() - at); ++length) {
      const int id = pieces.find(word.substr(at, length));
      if (id < 0) continue;
      covered = covered || length == character;
      offer(best[at + length], {at, id, sum(best[at].score, scores[id])});
    }
    if (!covered) offer(best[at + character], {at, -1, sum(best[at].score, unknown_score)});
    at += character;
  }
  std::vector<std::pair<Step, size_t>> path;
  for (size_t at = word.size(); at > 0; at = path.back().first.from) path.push_back({best[at], at});
  bool again = false;
  for (auto it = path.rbegin(); it != path.rend(); ++it) {
    const auto& [step, end] = *it;
    if (step.id >= 0) ids.push_back(step.id);
    else append_unknown(unknown, word.substr(step.from, end - step.from), again, ids);
    again = step.id < 0;
  }
}

}  // namespace verge::text
