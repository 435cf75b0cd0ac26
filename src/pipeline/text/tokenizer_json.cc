// Hugging Face's tokenizer.json (https://huggingface.co/docs/tokenizers/api): the steps that docs/text.md lists, others are refused by name.
#include <algorithm>
#include <limits>

#include "core/json.h"
#include "core/text.h"
#include "pipeline/text/base64.h"
#include "pipeline/text/steps.h"
#include "pipeline/text/tokenizer.h"

namespace verge::text {
namespace {

std::string text_of(const Json& json, const char* key, const std::string& otherwise = "") {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : otherwise;
}
bool flag_of(const Json& json, const char* key, bool otherwise) { return json.is_object() && json.contains(key) && json[key].is_boolean() ? json[key].get<bool>() : otherwise; }
std::string kind_of(const Json& json) { return text_of(json, "type", "?"); }
const Json& part_of(const Json& json, const char* key) {
  static const Json kNone;
  return json.is_object() && json.contains(key) ? json[key] : kNone;
}

// Each step of a sequence, or the step alone.
template <typename Each> Result<void> for_each_step(const Json& json, const char* list, const Each& each) {
  if (json.is_null()) return done();
  if (kind_of(json) != "Sequence") return each(json);
  for (const Json& step : part_of(json, list)) VERGE_CHECK(for_each_step(step, list, each));
  return done();
}

int number_in(const Json& json, int most) { return json.is_number_integer() && json.get<int64_t>() >= 0 && json.get<int64_t>() < most ? json.get<int>() : -1; }


class Reader {
 public:
  Reader(const Json& json, size_t bytes) : json_(json), most_(static_cast<int>(std::min<size_t>(bytes, 1 << 24))) {}

  Result<void> run() {
    VERGE_CHECK(for_each_step(part_of(json_, "normalizer"), "normalizers", [&](const Json& step) { return read_change(step); }));
    VERGE_CHECK(for_each_step(part_of(json_, "pre_tokenizer"), "pretokenizers", [&](const Json& step) { return read_cut(step); }));
    VERGE_CHECK(read_model(part_of(json_, "model")));
    read_added();
    VERGE_CHECK(for_each_step(part_of(json_, "post_processor"), "processors", [&](const Json& step) { return read_places(step); }));
    read_joined(part_of(json_, "decoder"));
    return done();
  }

  std::vector<Change> changes;
  std::vector<Cut> cuts;
  std::shared_ptr<const PieceModel> model;
  std::vector<AddedToken> added;
  std::vector<Place> single, pair;
  std::vector<std::string> pieces;
  Joined joined;

 private:
  Result<void> read_change(const Json& step) {
    const std::string kind = kind_of(step);
    if (kind == "BertNormalizer") {
      const bool lowers = flag_of(step, "lowercase", true);
      changes.push_back(bert_change({flag_of(step, "clean_text", true), flag_of(step, "handle_chinese_chars", true), flag_of(step, "strip_accents", lowers), lowers}));
    } else if (kind == "Lowercase") {
      changes.push_back(lower_change());
    } else if (kind == "NFD" && is_followed_by_stripping()) {
      return done();
    } else if (kind == "StripAccents") {
      changes.push_back(without_accents_change());
    } else if (kind == "Prepend") {
      changes.push_back(prefixed_change(text_of(step, "prepend")));
    } else if (kind == "Strip") {
      changes.push_back(stripped_change(flag_of(step, "strip_left", true), flag_of(step, "strip_right", true)));
    } else if (kind == "Replace" && part_of(step, "pattern").contains("String")) {
      changes.push_back(replaced_change(text_of(step["pattern"], "String"), text_of(step, "content")));
    } else if (kind == "Replace" && text_of(part_of(step, "pattern"), "Regex") == " {2,}") {
      changes.push_back(single_spaces_change());
      if (text_of(step, "content") != " ") changes.push_back(replaced_change(" ", text_of(step, "content")));
    } else if (kind == "Precompiled") {
      VERGE_TRY(const Bytes bytes, from_base64(text_of(step, "precompiled_charsmap")));
      VERGE_TRY(CharsMap map, CharsMap::read(bytes));
      changes.push_back(mapped_change(std::move(map)));
    } else {
      return unsupported("normalizer " + kind + (kind == "Replace" ? " of " + part_of(step, "pattern").dump() : "") + " has no rule (docs/text.md lists those that have)");
    }
    return done();
  }
  // Decomposition alone has no rule; together with the removal of accents it has.
  bool is_followed_by_stripping() const { return part_of(json_, "normalizer").dump().find("\"StripAccents\"") != std::string::npos; }

  Result<void> read_cut(const Json& step) {
    const std::string kind = kind_of(step);
    if (kind == "BertPreTokenizer") cuts.push_back(bert_cut());
    else if (kind == "Whitespace") cuts.push_back(words_cut());
    else if (kind == "WhitespaceSplit") cuts.push_back(at_spaces_cut());
    else if (kind == "Punctuation" && text_of(step, "behavior", "Isolated") == "Isolated") cuts.push_back(punctuation_cut());
    else if (kind == "Digits") cuts.push_back(digits_cut(flag_of(step, "individual_digits", false)));
    else if (kind == "ByteLevel") cuts.push_back(byte_level_cut(flag_of(step, "add_prefix_space", true), flag_of(step, "use_regex", true)));
    else if (kind == "Metaspace") read_metaspace(step);
    else return unsupported("pre-tokenizer " + kind + " has no rule (docs/text.md lists those that have)");
    return done();
  }
  void read_metaspace(const Json& step) {
    const std::string scheme = text_of(step, "prepend_scheme", flag_of(step, "add_prefix_space", true) ? "always" : "never");
    const InFront front = scheme == "always" ? InFront::kAlways : scheme == "first" ? InFront::kFirst : InFront::kNever;
    cuts.push_back(metaspace_cut(text_of(step, "replacement", std::string(kSpaceMark)), front, flag_of(step, "split", true)));
  }

  Result<void> read_model(const Json& json) {
    const std::string kind = text_of(json, "type", json.is_object() && json.contains("merges") ? "BPE" : "?");
    if (kind == "Unigram") return read_unigram(json);
    if (kind != "WordPiece" && kind != "BPE") return unsupported("model " + kind + " has no rule; WordPiece, BPE and Unigram have");
    Vocabulary vocabulary;
    for (const auto& [piece, id] : part_of(json, "vocab").items()) {
      const int number = number_in(id, most_);
      if (number < 0) return corrupt("the id of '" + piece + "' is " + id.dump());
      name_piece(number, piece);
      vocabulary.add(piece, number);
    }
    return kind == "BPE" ? read_bpe(json, std::move(vocabulary)) : read_wordpiece(json, std::move(vocabulary));
  }
  void name_piece(int id, const std::string& piece) {
    if (static_cast<size_t>(id) >= pieces.size()) pieces.resize(static_cast<size_t>(id) + 1);
    pieces[static_cast<size_t>(id)] = piece;
  }

  Result<void> read_wordpiece(const Json& json, Vocabulary vocabulary) {
    auto out = std::make_shared<WordPiece>();
    out->unknown = vocabulary.find(text_of(json, "unk_token", "[UNK]"));
    out->prefix = text_of(json, "continuing_subword_prefix", "##");
    const int most = number_in(part_of(json, "max_input_chars_per_word"), most_);
    if (most > 0) out->most_characters = static_cast<size_t>(most);
    out->pieces = std::move(vocabulary);
    model = std::move(out);
    return done();
  }

  Result<void> read_bpe(const Json& json, Vocabulary vocabulary) {
    if (!text_of(json, "continuing_subword_prefix").empty()) return unsupported("BPE with continuing_subword_prefix '" + text_of(json, "continuing_subword_prefix") + "' has no rule");
    auto out = std::make_shared<PairMerging>();
    out->end_of_word = text_of(json, "end_of_word_suffix");
    out->whole_words = flag_of(json, "ignore_merges", false);
    out->unknown = {vocabulary.find(text_of(json, "unk_token")), flag_of(json, "fuse_unk", false), flag_of(json, "byte_fallback", false) ? byte_ids(vocabulary) : std::vector<int>()};
    if (!json.contains("merges") || !json["merges"].is_array()) return corrupt("BPE without merges");
    double rank = 0;
    for (const Json& merge : json["merges"]) {
      std::vector<std::string> both = merge.is_string() ? split(merge.get<std::string>(), ' ') : std::vector<std::string>();
      if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) both = {merge[0], merge[1]};
      if (both.size() != 2) return corrupt("the merge " + merge.dump() + " does not name two pieces");
      const int left = vocabulary.find(both[0]), right = vocabulary.find(both[1]), whole = vocabulary.find(both[0] + both[1]);
      if (left < 0 || right < 0 || whole < 0) return corrupt("the merge " + merge.dump() + " names a piece that the vocabulary lacks");
      out->pairs.emplace(PairMerging::key_of(left, right), PairMerging::Merge{rank++, whole});
    }
    out->pieces = std::move(vocabulary);
    model = std::move(out);
    return done();
  }

  Result<void> read_unigram(const Json& json) {
    auto out = std::make_shared<Unigram>();
    double least = std::numeric_limits<double>::max();
    for (const Json& entry : part_of(json, "vocab")) {
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) return corrupt("the piece " + entry.dump() + " is no pair of a text and a score");
      const auto piece = entry[0].get<std::string>();
      out->pieces.add(piece, static_cast<int>(pieces.size()));
      out->scores.push_back(entry[1].get<double>());
      out->longest = std::max(out->longest, piece.size());
      least = std::min(least, out->scores.back());
      pieces.push_back(piece);
    }
    if (pieces.empty()) return corrupt("Unigram without pieces");
    out->unknown = {number_in(part_of(json, "unk_id"), most_), true, flag_of(json, "byte_fallback", false) ? byte_ids(out->pieces) : std::vector<int>()};
    out->unknown_score = least - 10;  // kUnkPenalty
    model = std::move(out);
    return done();
  }

  void read_added() {
    for (const Json& token : part_of(json_, "added_tokens")) {
      const int id = number_in(part_of(token, "id"), most_);
      const std::string text = text_of(token, "content");
      if (id < 0 || text.empty()) continue;
      added.push_back({text, id, flag_of(token, "special", false), flag_of(token, "lstrip", false), flag_of(token, "rstrip", false)});
      name_piece(id, text);
    }
  }

  Result<void> read_places(const Json& step) {
    const std::string kind = kind_of(step);
    if (kind == "ByteLevel") return done();
    if (kind == "TemplateProcessing") {
      VERGE_TRY(single, template_of(part_of(step, "single"), part_of(step, "special_tokens")));
      VERGE_TRY(pair, template_of(part_of(step, "pair"), part_of(step, "special_tokens")));
      return done();
    }
    if (kind != "BertProcessing" && kind != "RobertaProcessing") return unsupported("post-processor " + kind + " has no rule (docs/text.md lists those that have)");
    const auto id_of = [&](const char* key) { return part_of(step, key).is_array() && part_of(step, key).size() == 2 ? number_in(step[key][1], most_) : -1; };
    const int begin = id_of("cls"), end = id_of("sep"), second = kind == "BertProcessing" ? 1 : 0;
    if (begin < 0 || end < 0) return corrupt("post-processor " + kind + " without cls or sep");
    using What = Place::What;
    single = {{What::kToken, begin, 0}, {What::kFirst, 0, 0}, {What::kToken, end, 0}};
    pair = single;
    if (kind == "RobertaProcessing") pair.push_back({What::kToken, end, 0});
    pair.insert(pair.end(), {{What::kSecond, 0, second}, {What::kToken, end, second}});
    return done();
  }

  Result<std::vector<Place>> template_of(const Json& items, const Json& tokens) const {
    std::vector<Place> out;
    for (const Json& item : items) {
      if (item.is_object() && item.contains("Sequence")) {
        const Json& part = item["Sequence"];
        out.push_back({text_of(part, "id", "A") == "A" ? Place::What::kFirst : Place::What::kSecond, 0, std::max(0, number_in(part_of(part, "type_id"), 2))});
        continue;
      }
      const Json& part = part_of(item, "SpecialToken");
      const Json& ids = part_of(part_of(tokens, text_of(part, "id").c_str()), "ids");
      for (const Json& id : ids) {
        const int number = number_in(id, most_);
        if (number >= 0) out.push_back({Place::What::kToken, number, std::max(0, number_in(part_of(part, "type_id"), 2))});
      }
      if (!ids.is_array() || ids.empty()) return corrupt("the template's item " + item.dump() + " names no token");
    }
    return out;
  }

  // By the decoder's kind; a sequence is what Llama's files have: marks, bytes, one space in front less.
  void read_joined(const Json& json) {
    const std::string kind = json.is_null() ? "None" : kind_of(json);
    if (kind == "WordPiece") joined = wordpiece_joined(text_of(json, "prefix", "##"), flag_of(json, "cleanup", true));
    else if (kind == "ByteLevel") joined = byte_level_joined();
    else if (kind == "BPEDecoder") joined = ended_words_joined(text_of(json, "suffix", "</w>"));
    else if (kind == "Metaspace" || kind == "Sequence") joined = metaspace_joined(text_of(json, "replacement", std::string(kSpaceMark)));
    else joined = [](const std::vector<std::string>& all) { return join(all, " "); };
  }

  const Json& json_;
  int most_;  // ids that a file of its size can have
};

}  // namespace

Result<Tokenizer> read_tokenizer_json(ByteSpan file) {
  VERGE_TRY(const Json json, parse_json({reinterpret_cast<const char*>(file.data()), file.size()}), "tokenizer.json");
  Reader reader(json, file.size());
  VERGE_CHECK(reader.run(), "tokenizer.json");
  Tokenizer out;
  out.changes_ = std::move(reader.changes);
  out.cuts_ = std::move(reader.cuts);
  out.model_ = std::move(reader.model);
  out.added_ = std::move(reader.added);
  if (!reader.single.empty()) out.single_ = std::move(reader.single);
  if (!reader.pair.empty()) out.pair_ = std::move(reader.pair);
  out.pieces_ = std::move(reader.pieces);
  out.joined_ = std::move(reader.joined);
  return out;
}

}  // namespace verge::text
