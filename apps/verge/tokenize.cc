#include <cstdio>

#include "core/text.h"
#include "os/file.h"
#include "pipeline/text/tokenizer.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> texts;
  std::vector<int> decoded;
  std::string with, lines;
  bool plain = false, json = false;
};

Result<std::vector<std::string>> texts_of(const Options& o) {
  if (o.lines.empty()) return o.texts;
  VERGE_TRY(const Bytes bytes, read_file(o.lines));
  std::vector<std::string> out = split({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, '\n');
  if (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

void print_tokens(const text::Tokenizer& tokenizer, const text::Tokens& tokens) {
  std::vector<std::string> words;
  for (const int id : tokens.ids) words.push_back(std::to_string(id) + ":" + (static_cast<size_t>(id) < tokenizer.pieces().size() ? tokenizer.pieces()[static_cast<size_t>(id)] : "?"));
  std::puts(join(words, " ").c_str());
}

Result<void> tokenize(const Options& o) {
  VERGE_TRY(const Bytes file, read_file(o.file));
  VERGE_TRY(const text::Tokenizer tokenizer, text::Tokenizer::read(file), "'" + o.file + "'");
  if (!o.decoded.empty()) {
    std::puts(tokenizer.decode(o.decoded).c_str());
    return done();
  }
  VERGE_TRY(const std::vector<std::string> texts, texts_of(o));
  if (texts.empty()) return invalid("nothing to cut: give texts, --lines FILE or --decode IDS");
  Json all = Json::array();
  for (const std::string& words : texts) {
    const text::Tokens tokens = o.with.empty() ? tokenizer.encode(words, !o.plain) : tokenizer.encode_pair(words, o.with, !o.plain);
    if (o.json) all.push_back({{"ids", tokens.ids}, {"types", tokens.types}, {"text", tokenizer.decode(tokens.ids)}});
    else print_tokens(tokenizer, tokens);
  }
  if (o.json) std::puts(all.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  return done();
}

}  // namespace

void add_tokenize(CLI::App& app, Commands& commands) {
  auto o = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("tokenize", "Cut texts into a language model's tokens (docs/text.md)\n\nExample: verge tokenize tokenizer.json \"the quick brown fox\"");
  sub->add_option("tokenizer", o->file, "vocab.txt, tokenizer.json or a SentencePiece .model")->required();
  sub->add_option("texts", o->texts, "texts, one result each");
  sub->add_option("--with", o->with, "a second text beside each");
  sub->add_option("--lines", o->lines, "a file with a text a line");
  sub->add_option("--decode", o->decoded, "ids, to be joined to a text")->delimiter(',');
  sub->add_flag("--plain", o->plain, "without the tokens that stand around a text");
  sub->add_flag("--json", o->json, "print ids, types and the text that they give again, as JSON");
  commands.push_back({sub, [o]() -> Result<void> { return tokenize(*o); }});
}

}  // namespace verge::cli
