#include "pipeline/text/tokenizer.h"

#include <algorithm>

#include "pipeline/text/unicode.h"

namespace verge::text {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Found {
  size_t at = std::string::npos;
  const AddedToken* token = nullptr;
};

// The leftmost added token behind `from`, the longest where several begin there.
Found next_added(const std::vector<AddedToken>& added, const std::string& text, size_t from) {
  Found best;
  for (const AddedToken& token : added) {
    const size_t at = text.find(token.text, from);
    if (at == std::string::npos) continue;
    if (at < best.at || (at == best.at && token.text.size() > best.token->text.size())) best = {at, &token};
  }
  return best;
}

}  // namespace

Result<Tokenizer> Tokenizer::read(ByteSpan file) {
  const auto begin = std::find_if_not(file.begin(), file.end(), [](uint8_t c) { return is_blank(static_cast<char>(c)); });
  if (begin == file.end()) return corrupt("the tokenizer's file is empty");
  if (*begin == '{') return read_tokenizer_json(file);
  return file[0] == 0x0a && std::find(file.begin(), file.end(), uint8_t{0}) != file.end() ? read_sentencepiece(file) : read_vocabulary(file);
}

void Tokenizer::append_plain(const std::string& text, bool first, std::vector<int>& ids) const {
  std::string changed = text;
  for (const Change& change : changes_) changed = change(changed, first);
  std::vector<std::string> words = {changed};
  for (const Cut& cut : cuts_) {
    std::vector<std::string> parts;
    for (size_t i = 0; i < words.size(); ++i) {
      std::vector<std::string> more = cut(words[i], first && i == 0);
      parts.insert(parts.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    words = std::move(parts);
  }
  for (const std::string& word : words)
    if (!word.empty()) model_->encode(word, ids);
}

std::vector<int> Tokenizer::ids_of(const std::string& text) const {
  std::vector<int> ids;
  for (size_t at = 0; at < text.size();) {
    const Found found = next_added(added_, text, at);
    size_t end = std::min(found.at, text.size());
    while (found.token && found.token->strips_left && end > at && is_blank(text[end - 1])) --end;
    if (end > at) append_plain(text.substr(at, end - at), at == 0, ids);
    if (!found.token) break;
    ids.push_back(found.token->id);
    at = found.at + found.token->text.size();
    while (found.token->strips_right && at < text.size() && is_blank(text[at])) ++at;
  }
  return ids;
}

Tokens Tokenizer::encode(const std::string& text, bool with_special) const {
  Tokens out;
  const std::vector<int> ids = ids_of(text);
  for (const Place& p : single_) {
    if (p.what == Place::What::kToken && !with_special) continue;
    if (p.what == Place::What::kToken) out.ids.push_back(p.id);
    else out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    out.types.resize(out.ids.size(), p.type);
  }
  return out;
}

Tokens Tokenizer::encode_pair(const std::string& first, const std::string& second, bool with_special) const {
  Tokens out;
  for (const Place& p : pair_) {
    if (p.what == Place::What::kToken && !with_special) continue;
    const std::vector<int> ids = p.what == Place::What::kToken ? std::vector<int>{p.id} : ids_of(p.what == Place::What::kFirst ? first : second);
    out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    out.types.resize(out.ids.size(), p.type);
  }
  return out;
}

std::string Tokenizer::decode(std::span<const int> ids) const {
  std::vector<std::string> pieces;
  for (const int id : ids) {
    const bool known = id >= 0 && static_cast<size_t>(id) < pieces_.size();
    const bool special = std::any_of(added_.begin(), added_.end(), [&](const AddedToken& t) { return t.special && t.id == id; });
    if (known && !special) pieces.push_back(pieces_[static_cast<size_t>(id)]);
  }
  return joined_(pieces);
}

}  // namespace verge::text
