#include "pipeline/text/steps.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/text.h"
#include "pipeline/text/unicode.h"

namespace verge::text {
namespace {

bool is_control(char32_t c) { return c != '\t' && c != '\n' && c != '\r' && is_other(c); }
bool is_bert_punctuation(char32_t c) { return (c < 0x80 && c > 0x20 && c != 0x7f && !is_letter(c) && !is_number(c)) || is_punctuation(c); }
bool is_word_character(char32_t c) { return is_letter(c) || is_number(c) || is_mark(c) || c == '_' || c == 0x200c || c == 0x200d; }

using Class = int;
constexpr Class kDropped = -1, kAlone = -2;

// Runs of one class are words; kAlone: each character is one; kDropped: none.
std::vector<std::string> cut_by_class(const std::string& text, const std::function<Class(char32_t)>& class_of) {
  std::vector<std::string> out;
  Class before = kDropped;
  for (const char32_t c : from_utf8(text)) {
    const Class now = class_of(c);
    if (now != kDropped && (now != before || now == kAlone)) out.emplace_back();
    if (now != kDropped) append_utf8(out.back(), c);
    before = now;
  }
  return out;
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  std::string out;
  size_t at = 0;
  for (size_t next; (next = text.find(from, at)) != std::string::npos; at = next + from.size()) out += text.substr(at, next - at) + to;
  return out + text.substr(at);
}

std::string by_character(const std::string& text, const std::function<void(std::u32string&, char32_t)>& append) {
  std::u32string out;
  for (const char32_t c : from_utf8(text)) append(out, c);
  return to_utf8(out);
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
class Gpt2Words {
 public:
  explicit Gpt2Words(const std::string& text) : text_(from_utf8(text)) {}
  std::vector<std::string> run() {
    std::vector<std::string> out;
    for (size_t at = 0; at < text_.size();) {
      const size_t end = end_of(at);
      out.push_back(to_utf8(std::u32string_view(text_).substr(at, end - at)));
      at = end;
    }
    return out;
  }

 private:
  static int class_of(char32_t c) { return is_space(c) ? 0 : is_letter(c) ? 1 : is_number(c) ? 2 : 3; }
  size_t run_end(size_t at) const {
    size_t end = at;
    while (end < text_.size() && class_of(text_[end]) == class_of(text_[at])) ++end;
    return end;
  }
  size_t end_of(size_t at) const {
    if (text_[at] == '\'')
      for (const std::u32string_view ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"})
        if (std::u32string_view(text_).substr(at, ending.size()) == ending) return at + ending.size();
    const size_t word = text_[at] == ' ' && at + 1 < text_.size() ? at + 1 : at;
    if (class_of(text_[word]) != 0) return run_end(word);
    const size_t end = run_end(at);
    return end < text_.size() && end - at > 1 ? end - 1 : end;  // the last space belongs to the word behind it
  }

  std::u32string text_;
};

bool is_printable_byte(int b) { return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae; }

std::array<char32_t, 256> byte_codes() {
  std::array<char32_t, 256> out{};
  char32_t next = 0x100;
  for (int b = 0; b < 256; ++b) out[static_cast<size_t>(b)] = is_printable_byte(b) ? static_cast<char32_t>(b) : next++;
  return out;
}

const std::array<char32_t, 256>& byte_table() {
  static const std::array<char32_t, 256> table = byte_codes();
  return table;
}

}  // namespace

Change bert_change(const BertRules& rules) {
  return [rules](const std::string& text, bool) {
    std::u32string codes = from_utf8(text), out;
    if (rules.cleans) {
      for (const char32_t c : codes)
        if (c != 0 && c != kReplacement && !is_control(c)) out.push_back(is_space(c) ? U' ' : c);
      codes = std::exchange(out, {});
    }
    for (const char32_t c : codes) {
      const bool alone = rules.ideographs_alone && is_ideograph(c);
      if (alone) out.push_back(' ');
      if (rules.strips_accents) append_without_marks(out, c);
      else out.push_back(c);
      if (alone) out.push_back(' ');
    }
    if (rules.lowers) std::transform(out.begin(), out.end(), out.begin(), lower);
    return to_utf8(out);
  };
}

Change lower_change() {
  return [](const std::string& text, bool) { return by_character(text, [](std::u32string& out, char32_t c) { out.push_back(lower(c)); }); };
}
Change without_accents_change() {
  return [](const std::string& text, bool) { return by_character(text, append_without_marks); };
}
Change replaced_change(const std::string& from, const std::string& to) {
  return [=](const std::string& text, bool) { return replaced(text, from, to); };
}
Change single_spaces_change() {
  return [](const std::string& text, bool) {
    std::string out;
    for (const char c : text)
      if (c != ' ' || out.empty() || out.back() != ' ') out.push_back(c);
    return out;
  };
}
Change prefixed_change(const std::string& prefix) {
  return [=](const std::string& text, bool) { return text.empty() ? text : prefix + text; };
}
Change stripped_change(bool left, bool right) {
  return [=](const std::string& text, bool) {
    const std::u32string codes = from_utf8(text);
    size_t begin = 0, end = codes.size();
    while (left && begin < end && is_space(codes[begin])) ++begin;
    while (right && end > begin && is_space(codes[end - 1])) --end;
    return to_utf8(std::u32string_view(codes).substr(begin, end - begin));
  };
}
Change mapped_change(CharsMap map) {
  return [map = std::move(map)](const std::string& text, bool) {
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
      const CharsMap::Found found = map.first(rest);
      out += found.text;
      rest.remove_prefix(found.bytes);
    }
    return out;
  };
}

Change sentencepiece_change(SentencePieceRules rules) {
  return [mapped = mapped_change(std::move(rules.map)), front = rules.space_in_front, removes = rules.removes_spaces](const std::string& text, bool first) {
    std::string plain = mapped(text, first);
    if (removes) {
      plain = single_spaces_change()(plain, first);
      const size_t begin = plain.find_first_not_of(' ');
      plain = begin == std::string::npos ? "" : plain.substr(begin, plain.find_last_not_of(' ') + 1 - begin);
    }
    if (plain.empty()) return plain;
    return replaced((front ? " " : "") + plain, " ", std::string(kSpaceMark));
  };
}

Cut bert_cut() {
  return [](const std::string& text, bool) { return cut_by_class(text, [](char32_t c) { return is_space(c) ? kDropped : is_bert_punctuation(c) ? kAlone : 0; }); };
}
Cut at_spaces_cut() {
  return [](const std::string& text, bool) { return cut_by_class(text, [](char32_t c) { return is_space(c) ? kDropped : 0; }); };
}
Cut words_cut() {
  return [](const std::string& text, bool) { return cut_by_class(text, [](char32_t c) { return is_space(c) ? kDropped : is_word_character(c) ? 0 : 1; }); };
}
Cut punctuation_cut() {
  return [](const std::string& text, bool) { return cut_by_class(text, [](char32_t c) { return is_bert_punctuation(c) ? kAlone : 0; }); };
}
Cut digits_cut(bool alone) {
  return [alone](const std::string& text, bool) { return cut_by_class(text, [alone](char32_t c) { return !is_number(c) ? 0 : alone ? kAlone : 1; }); };
}

Cut byte_level_cut(bool space_in_front, bool words) {
  return [=](const std::string& text, bool) {
    const std::string plain = space_in_front && !text.empty() && text[0] != ' ' ? " " + text : text;
    std::vector<std::string> out = words ? Gpt2Words(plain).run() : std::vector<std::string>{plain};
    for (std::string& word : out) {
      std::string bytes;
      for (const char c : word) bytes += byte_character(static_cast<uint8_t>(c));
      word = std::move(bytes);
    }
    return out;
  };
}

Cut metaspace_cut(const std::string& mark, InFront in_front, bool splits) {
  return [=](const std::string& text, bool first) {
    std::string marked = replaced(text, " ", mark);
    const bool wanted = in_front == InFront::kAlways || (in_front == InFront::kFirst && first);
    if (wanted && !starts_with(marked, mark)) marked = mark + marked;
    if (!splits) return std::vector<std::string>{marked};
    std::vector<std::string> out;
    for (size_t at = 0; at < marked.size();) {
      const size_t end = std::min(marked.find(mark, at + (starts_with(std::string_view(marked).substr(at), mark) ? mark.size() : 0)), marked.size());
      out.push_back(marked.substr(at, end - at));
      at = end;
    }
    return out;
  };
}

Joined wordpiece_joined(const std::string& prefix, bool cleans) {
  return [=](const std::vector<std::string>& pieces) {
    static const std::pair<const char*, const char*> kCleaner[] = {{" .", "."},     {" ?", "?"},   {" !", "!"},             {" ,", ","},   {" ' ", "'"},
                                                                   {" n't", "n't"}, {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    std::string out;
    for (size_t i = 0; i < pieces.size(); ++i) {
      std::string part = i == 0 ? pieces[i] : starts_with(pieces[i], prefix) ? pieces[i].substr(prefix.size()) : " " + pieces[i];
      for (const auto& [from, to] : kCleaner)
        if (cleans) part = replaced(part, from, to);
      out += part;
    }
    return out;
  };
}

Joined byte_level_joined() {
  return [](const std::vector<std::string>& pieces) {
    static const std::map<char32_t, char> kBytes = [] {
      std::map<char32_t, char> out;
      for (size_t b = 0; b < byte_table().size(); ++b) out[byte_table()[b]] = static_cast<char>(b);
      return out;
    }();
    std::string out;
    for (const std::string& piece : pieces)
      for (const char32_t c : from_utf8(piece)) {
        const auto it = kBytes.find(c);
        if (it != kBytes.end()) out.push_back(it->second);
        else append_utf8(out, c);
      }
    return out;
  };
}

Joined metaspace_joined(const std::string& mark) {
  return [mark](const std::vector<std::string>& pieces) {
    std::string out;
    for (const std::string& piece : pieces) {
      const int byte = byte_of(piece);
      if (byte >= 0) out.push_back(static_cast<char>(byte));
      else out += replaced(piece, mark, " ");
    }
    return starts_with(out, " ") ? out.substr(1) : out;
  };
}

Joined ended_words_joined(const std::string& end_of_word) {
  return [=](const std::vector<std::string>& pieces) {
    std::string out;
    for (const std::string& piece : pieces) out += replaced(piece, end_of_word, " ");
    return ends_with(out, " ") ? out.substr(0, out.size() - 1) : out;
  };
}

int byte_of(std::string_view piece) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>' || digit(piece[3]) < 0 || digit(piece[4]) < 0) return -1;
  return 16 * digit(piece[3]) + digit(piece[4]);
}

std::vector<int> byte_ids(const Vocabulary& pieces) {
  std::vector<int> out;
  for (int b = 0; b < 256; ++b) {
    out.push_back(pieces.find(format("<0x%02X>", static_cast<unsigned>(b))));
    if (out.back() < 0) return {};
  }
  return out;
}

std::string byte_character(uint8_t byte) {
  std::string out;
  append_utf8(out, byte_table()[byte]);
  return out;
}

}  // namespace verge::text
