// SentencePiece's .model: a protocol buffer (https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto), read field by field.
#include <algorithm>
#include <cstring>
#include <limits>

#include "pipeline/text/steps.h"
#include "pipeline/text/tokenizer.h"

namespace verge::text {
namespace {

enum Type : uint64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };
enum Kind : uint64_t { kUnigram = 1, kBpe = 2 };

// One field of a message: its number, and a number or bytes by its wire type.
struct Field {
  uint64_t number = 0, integer = 0;
  ByteSpan bytes;
  float real() const {
    float out = 0;
    if (bytes.size() == sizeof out) std::memcpy(&out, bytes.data(), sizeof out);
    return out;
  }
  std::string text() const { return {bytes.begin(), bytes.end()}; }
};

class Message {
 public:
  explicit Message(ByteSpan bytes) : rest_(bytes) {}
  bool ended() const { return rest_.empty(); }
  Result<Field> next() {
    VERGE_TRY(const uint64_t key, varint());
    Field field{key >> 3, 0, {}};
    const uint64_t wire = key & 7;
    if (wire == 0) {
      VERGE_TRY(field.integer, varint());
      return field;
    }
    uint64_t size = wire == 1 ? 8 : 4;
    if (wire == 2) {
      VERGE_TRY(size, varint());
    } else if (wire != 1 && wire != 5) {
      return corrupt("a field of wire type " + std::to_string(wire));
    }
    if (size > rest_.size()) return corrupt("a field of " + std::to_string(size) + " bytes where " + std::to_string(rest_.size()) + " are left");
    field.bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return field;
  }

 private:
  Result<uint64_t> varint() {
    uint64_t out = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const uint8_t byte = rest_[0];
      rest_ = rest_.subspan(1);
      out |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return out;
    }
    return corrupt("a number is cut short");
  }
  ByteSpan rest_;
};

struct Piece {
  std::string text;
  float score = 0;
  uint64_t type = kNormal;
};

struct Contents {
  std::vector<Piece> pieces;
  uint64_t kind = kUnigram;
  bool byte_fallback = false, escapes = true, suffix = false;
  ByteSpan map;
  SentencePieceRules rules;
};

Result<Piece> read_piece(ByteSpan bytes) {
  Piece out;
  for (Message m(bytes); !m.ended();) {
    VERGE_TRY(const Field f, m.next());
    if (f.number == 1) out.text = f.text();
    if (f.number == 2) out.score = f.real();
    if (f.number == 3) out.type = f.integer;
  }
  return out;
}

Result<void> read_trainer(ByteSpan bytes, Contents& out) {
  for (Message m(bytes); !m.ended();) {
    VERGE_TRY(const Field f, m.next());
    if (f.number == 3) out.kind = f.integer;
    if (f.number == 24) out.suffix = f.integer != 0;
    if (f.number == 35) out.byte_fallback = f.integer != 0;
  }
  return done();
}

Result<void> read_normalizer(ByteSpan bytes, Contents& out) {
  for (Message m(bytes); !m.ended();) {
    VERGE_TRY(const Field f, m.next());
    if (f.number == 2) out.map = f.bytes;
    if (f.number == 3) out.rules.space_in_front = f.integer != 0;
    if (f.number == 4) out.rules.removes_spaces = f.integer != 0;
    if (f.number == 5) out.escapes = f.integer != 0;
  }
  return done();
}

Result<Contents> contents_of(ByteSpan file) {
  Contents out;
  for (Message m(file); !m.ended();) {
    VERGE_TRY(const Field f, m.next());
    if (f.number == 1) {
      VERGE_TRY(Piece piece, read_piece(f.bytes));
      out.pieces.push_back(std::move(piece));
    }
    if (f.number == 2) VERGE_CHECK(read_trainer(f.bytes, out));
    if (f.number == 3) VERGE_CHECK(read_normalizer(f.bytes, out));
  }
  if (out.pieces.empty()) return corrupt("it has no pieces");
  if (out.kind != kUnigram && out.kind != kBpe) return unsupported("its model is of type " + std::to_string(out.kind) + " (words or characters); unigram and BPE are read");
  if (!out.escapes || out.suffix) return unsupported("it keeps spaces as they are, or marks them behind words; SentencePiece's default is read");
  return out;
}

bool is_matched(const Piece& piece) { return piece.type == kNormal || piece.type == kUserDefined; }

Vocabulary matched(const Contents& contents) {
  Vocabulary out;
  for (size_t i = 0; i < contents.pieces.size(); ++i)
    if (is_matched(contents.pieces[i])) out.add(contents.pieces[i].text, static_cast<int>(i));
  return out;
}

Unknown unknown_of(const Contents& contents) {
  Unknown out;
  out.fused = true;
  Vocabulary bytes;
  for (size_t i = 0; i < contents.pieces.size(); ++i) {
    if (contents.pieces[i].type == kUnknown) out.id = static_cast<int>(i);
    if (contents.pieces[i].type == kByte) bytes.add(contents.pieces[i].text, static_cast<int>(i));
  }
  if (contents.byte_fallback) out.of_bytes = byte_ids(bytes);
  return out;
}

std::shared_ptr<const PieceModel> unigram_of(const Contents& contents) {
  auto out = std::make_shared<Unigram>();
  out->pieces = matched(contents);
  out->unknown = unknown_of(contents);
  out->single_precision = true;
  double least = std::numeric_limits<double>::max(), most = std::numeric_limits<double>::lowest();
  for (const Piece& p : contents.pieces) {
    if (p.type != kNormal) continue;
    least = std::min(least, static_cast<double>(p.score));
    most = std::max(most, static_cast<double>(p.score));
  }
  for (const Piece& p : contents.pieces) {
    out->longest = std::max(out->longest, p.text.size());
    out->scores.push_back(p.type == kUserDefined ? static_cast<double>(p.text.size()) * most - 0.1 : static_cast<double>(p.score));
  }
  out->unknown_score = least - 10;  // kUnkPenalty of SentencePiece
  return out;
}

std::shared_ptr<const PieceModel> merging_of(const Contents& contents) {
  auto out = std::make_shared<PairMerging>();
  out->pieces = matched(contents);
  out->unknown = unknown_of(contents);
  for (size_t i = 0; i < contents.pieces.size(); ++i) {
    const Piece& p = contents.pieces[i];
    out->scores.push_back(p.score);
    if (p.type != kUserDefined || p.text.empty()) continue;
    out->whole.add(p.text, static_cast<int>(i));
    out->longest_whole = std::max(out->longest_whole, p.text.size());
  }
  return out;
}

}  // namespace

Result<Tokenizer> read_sentencepiece(ByteSpan file) {
  VERGE_TRY(Contents contents, contents_of(file), "SentencePiece model");
  VERGE_TRY(contents.rules.map, CharsMap::read(contents.map), "SentencePiece model");
  Tokenizer out;
  out.model_ = contents.kind == kBpe ? merging_of(contents) : unigram_of(contents);
  out.changes_ = {sentencepiece_change(std::move(contents.rules))};
  for (const Piece& p : contents.pieces) out.pieces_.push_back(p.type == kUnknown ? " \xe2\x81\x87 " : p.type == kControl ? "" : p.text);  // SentencePiece's sign of the unknown
  out.joined_ = metaspace_joined(std::string(kSpaceMark));
  return out;
}

}  // namespace verge::text
