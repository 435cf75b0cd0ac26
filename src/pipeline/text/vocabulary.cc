// BERT's vocab.txt: a piece a line.
#include "core/text.h"
#include "pipeline/text/steps.h"
#include "pipeline/text/tokenizer.h"

namespace verge::text {

Result<Tokenizer> read_vocabulary(ByteSpan file) {
  Tokenizer out;
  auto model = std::make_shared<WordPiece>();
  for (std::string& line : split(std::string_view(reinterpret_cast<const char*>(file.data()), file.size()), '\n')) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
    model->pieces.add(line, static_cast<int>(out.pieces_.size()));
    out.pieces_.push_back(std::move(line));
  }
  for (const char* name : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
    if (const int id = model->pieces.find(name); id >= 0) out.added_.push_back({name, id, true});
  const int begin = model->pieces.find("[CLS]"), end = model->pieces.find("[SEP]");
  model->unknown = model->pieces.find("[UNK]");
  if (begin < 0 || end < 0 || model->unknown < 0) return corrupt("a vocabulary of " + std::to_string(out.pieces_.size()) + " lines without [UNK], [CLS] or [SEP]; BERT's vocab.txt, a tokenizer.json or a SentencePiece model is wanted");
  const bool lowers = model->pieces.find("A") < 0;  // cased vocabularies have capitals
  out.changes_ = {bert_change({.strips_accents = lowers, .lowers = lowers})};
  out.cuts_ = {bert_cut()};
  out.model_ = std::move(model);
  using What = Place::What;
  out.single_ = {{What::kToken, begin, 0}, {What::kFirst, 0, 0}, {What::kToken, end, 0}};
  out.pair_ = {{What::kToken, begin, 0}, {What::kFirst, 0, 0}, {What::kToken, end, 0}, {What::kSecond, 0, 1}, {What::kToken, end, 1}};
  out.joined_ = wordpiece_joined("##", true);
  return out;
}

}  // namespace verge::text
