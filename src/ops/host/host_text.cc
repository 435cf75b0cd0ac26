// Operators on texts.
#include <algorithm>
#include <cctype>
#include <map>

#include "ops/host/host_ops.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

using Outputs = Result<std::vector<HostValue>>;
using Texts = std::vector<std::string>;

Result<const HostValue*> text_at(const HostCall& c, size_t i) {
  if (c.input(i).kind != HostValue::Kind::kText) return invalid("input " + std::to_string(i) + " holds no texts");
  return &c.input(i);
}

std::vector<Dim> dims_of(const Shape& shape) { return std::vector<Dim>(shape.dim, shape.dim + shape.rank); }

struct Pairs {
  Shape shape;
  const HostValue *a, *b;
  const std::string& left(int64_t i) const { return a->texts[static_cast<size_t>(broadcast_index(shape, a->shape, i))]; }
  const std::string& right(int64_t i) const { return b->texts[static_cast<size_t>(broadcast_index(shape, b->shape, i))]; }
};

Result<Pairs> pairs_of(const HostCall& c) {
  VERGE_TRY(const HostValue* const a, text_at(c, 0));
  VERGE_TRY(const HostValue* const b, text_at(c, 1));
  VERGE_TRY(const std::vector<Dim> dims, broadcast_dims(dims_of(a->shape), dims_of(b->shape)));
  return Pairs{TensorType(DataType::kString, dims).shape(), a, b};
}

Outputs concat(const HostCall& c) {
  VERGE_TRY(const Pairs p, pairs_of(c));
  Texts out;
  for (int64_t i = 0; i < p.shape.count(); ++i) out.push_back(p.left(i) + p.right(i));
  return std::vector<HostValue>{HostValue::text(p.shape, std::move(out))};
}

Outputs equal(const HostCall& c) {
  VERGE_TRY(const Pairs p, pairs_of(c));
  Tensor out(DataType::kBool, p.shape);
  for (int64_t i = 0; i < out.count(); ++i) out.data()[i] = p.left(i) == p.right(i);
  return std::vector<HostValue>{std::move(out)};
}

Texts split_at_spaces(const std::string& text, int64_t most) {
  Texts out;
  const auto is_space = [](char ch) { return std::isspace(static_cast<unsigned char>(ch)) != 0; };
  for (auto at = std::find_if_not(text.begin(), text.end(), is_space); at != text.end();) {
    const auto end = static_cast<int64_t>(out.size()) == most ? text.end() : std::find_if(at, text.end(), is_space);
    out.emplace_back(at, end);
    at = std::find_if_not(end, text.end(), is_space);
  }
  return out;
}

Texts split_at(const std::string& text, const std::string& delimiter, int64_t most) {
  Texts out;
  size_t at = 0;
  for (size_t next; static_cast<int64_t>(out.size()) != most && (next = text.find(delimiter, at)) != std::string::npos; at = next + delimiter.size())
    out.push_back(text.substr(at, next - at));
  out.push_back(text.substr(at));
  return out;
}

// Pieces along a new last dimension, filled up with empty texts, and how many there are of each.
Outputs split(const HostCall& c) {
  VERGE_TRY(const HostValue* const x, text_at(c, 0));
  const std::string delimiter = c.text("delimiter", "");
  const int64_t most = c.integer("maxsplit", -1);
  std::vector<Texts> pieces;
  size_t width = 0;
  for (const std::string& text : x->texts) {
    pieces.push_back(delimiter.empty() ? split_at_spaces(text, most) : split_at(text, delimiter, most));
    width = std::max(width, pieces.back().size());
  }
  if (x->shape.rank >= kMaxRank) return unsupported("texts of rank " + std::to_string(x->shape.rank));
  Shape shape = x->shape;
  shape.dim[shape.rank++] = static_cast<int32_t>(width);
  Texts all;
  Tensor counts(DataType::kI64, x->shape);
  for (size_t i = 0; i < pieces.size(); ++i) {
    counts.mut<int64_t>()[i] = static_cast<int64_t>(pieces[i].size());
    pieces[i].resize(width);
    all.insert(all.end(), pieces[i].begin(), pieces[i].end());
  }
  return std::vector<HostValue>{HostValue::text(shape, std::move(all)), std::move(counts)};
}

std::string in_case(std::string text, const std::string& action) {
  const auto change = [&](unsigned char ch) { return static_cast<char>(action == "LOWER" ? std::tolower(ch) : action == "UPPER" ? std::toupper(ch) : ch); };
  std::transform(text.begin(), text.end(), text.begin(), change);
  return text;
}

// Texts without stopwords, in the case asked for; one empty text when none is left. ASCII letters change their case.
Outputs normalize(const HostCall& c) {
  VERGE_TRY(const HostValue* const x, text_at(c, 0));
  if (x->shape.rank < 1 || x->shape.rank > 2 || (x->shape.rank == 2 && x->shape[0] != 1)) return invalid("its texts are not [n] or [1, n]");
  const auto it = c.attrs.find("stopwords");
  Texts stopwords = it == c.attrs.end() || !std::holds_alternative<Texts>(it->second) ? Texts() : std::get<Texts>(it->second);
  const std::string compared = c.integer("is_case_sensitive", 0) ? "NONE" : "LOWER";
  for (std::string& word : stopwords) word = in_case(word, compared);
  Texts out;
  for (const std::string& text : x->texts)
    if (std::find(stopwords.begin(), stopwords.end(), in_case(text, compared)) == stopwords.end()) out.push_back(in_case(text, c.text("case_change_action", "NONE")));
  if (out.empty()) out.emplace_back();
  Shape shape = x->shape;
  shape[shape.rank - 1] = static_cast<int32_t>(out.size());
  return std::vector<HostValue>{HostValue::text(shape, std::move(out))};
}

}  // namespace

HostRule text_rule(const std::string& op) {
  static const std::map<std::string, HostRule> kRules = {{"StringConcat", concat}, {"Equal", equal}, {"StringSplit", split}, {"StringNormalizer", normalize}};
  const auto it = kRules.find(op);
  return it == kRules.end() ? nullptr : it->second;
}

}  // namespace verge::ops
