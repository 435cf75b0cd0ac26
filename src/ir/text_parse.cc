#include <charconv>

#include "ir/text_form.h"

namespace verge {
namespace {

constexpr int kDeepest = 32;  // sub-graphs inside each other
constexpr int64_t kMostElements = int64_t{1} << 40;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
int hex_digit(char c) { return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// Characters: words, numbers, quoted strings, and where in the text we are.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Error error(const std::string& what) const { return corrupt("line " + std::to_string(line_) + ": " + what); }
  Error wanted(const std::string& what) {
    skip_space();
    if (at_ == text_.size()) return error("wanted " + what + ", found the end");
    return error("wanted " + what + ", found '" + std::string(text_.substr(at_, text_.substr(at_, 16).find('\n'))) + "'");
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  // The next character after space, without taking it; 0 at the end.
  char peek() {
    skip_space();
    return here();
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  // Takes `c` only when it follows without space.
  bool accept_now(char c) {
    if (here() != c) return false;
    ++at_;
    return true;
  }
  Result<void> expect(char c) {
    if (!accept(c)) return wanted(std::string("'") + c + "'");
    return done();
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (next_plain() != word) return false;
    at_ += word.size();
    return true;
  }
  // A plain word or a quoted one.
  Result<std::string> word(const std::string& what) {
    if (peek() == '"') return quoted();
    const std::string_view found = next_plain();
    if (found.empty()) return wanted(what);
    at_ += found.size();
    return std::string(found);
  }
  Result<std::string> quoted();
  // The characters of a number, whatever they mean: [-+.0-9A-Za-z]*
  std::string_view number_text() {
    skip_space();
    size_t end = at_;
    while (end < text_.size() && (is_digit(text_[end]) || (is_letter(text_[end]) && text_[end] != '/') || text_[end] == '-' || text_[end] == '+' || text_[end] == '.')) ++end;
    return text_.substr(at_, end - at_);
  }
  template <typename T> Result<T> number() {
    const std::string_view found = number_text();
    T value{};
    const auto [end, code] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (found.empty() || code != std::errc() || end != found.data() + found.size()) return wanted(std::is_floating_point_v<T> ? "a number" : "an integer");
    at_ += found.size();
    return value;
  }
  // Pairs of hex digits after 0x.
  Result<Bytes> hex();

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    for (; at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'); ++at_) line_ += text_[at_] == '\n';
  }
  std::string_view next_plain() const {
    size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || (end > at_ && (is_digit(text_[end]) || text_[end] == '.' || text_[end] == '-')))) ++end;
    return text_.substr(at_, end - at_);
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

Result<std::string> Reader::quoted() {
  VERGE_CHECK(expect('"'));
  std::string out;
  while (here() != '"') {
    char c = here();
    if (at_ == text_.size() || c == '\n') return error("a quoted text does not end");
    ++at_;
    if (c == '\\') {
      c = here();
      ++at_;
      if (c == 'n') {
        c = '\n';
      } else if (c == 'x') {
        const int high = hex_digit(here()), low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : -1;
        if (high < 0 || low < 0) return error("\\x wants two hex digits");
        c = static_cast<char>(high * 16 + low);
        at_ += 2;
      } else if (c != '"' && c != '\\') {
        return error("a quoted text knows \\\", \\\\, \\n and \\x00, no other escape");
      }
    }
    out += c;
  }
  ++at_;
  return out;
}

Result<Bytes> Reader::hex() {
  at_ += 2;
  Bytes out;
  for (; at_ < text_.size() && hex_digit(text_[at_]) >= 0; at_ += 2) {
    const int low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : -1;
    if (low < 0) return error("hex bytes want an even number of digits");
    out.push_back(static_cast<uint8_t>(hex_digit(text_[at_]) * 16 + low));
  }
  return out;
}

// Types and data of constants.
Result<Dim> parse_dim(Reader& in) {
  if (in.accept('?')) return Dim();
  if (!is_digit(in.peek())) {
    VERGE_TRY(std::string symbol, in.word("a dimension"));
    return Dim::named(std::move(symbol));
  }
  VERGE_TRY(const int64_t size, in.number<int64_t>());
  if (size > INT32_MAX) return in.error("a dimension of " + std::to_string(size) + " is too large");
  return Dim(size);
}

template <typename T> Result<std::vector<T>> parse_numbers(Reader& in) {
  VERGE_CHECK(in.expect('['));
  std::vector<T> out;
  while (!in.accept(']')) {
    if (!out.empty()) VERGE_CHECK(in.expect(','));
    VERGE_TRY(T value, in.number<T>());
    out.push_back(value);
  }
  return out;
}

Result<QuantParams> parse_quant(Reader& in) {
  QuantParams q;
  for (const char* key : {"scale", "zero", "axis"}) {
    if (!in.accept_word(key)) return in.wanted(key);
    VERGE_CHECK(in.expect('='));
    if (*key == 's') {
      VERGE_TRY(q.scale, parse_numbers<float>(in));
    } else if (*key == 'z') {
      VERGE_TRY(q.zero_point, parse_numbers<int32_t>(in));
    } else {
      VERGE_TRY(q.axis, in.number<int32_t>());
    }
  }
  VERGE_CHECK(in.expect('}'));
  if (q.scale.empty()) return in.error("quantisation wants at least one scale");
  return q;
}

Result<TensorType> parse_type(Reader& in) {
  TensorType type;
  VERGE_TRY(const std::string dtype, in.word("an element type"));
  type.dtype = dtype_from_name(dtype.c_str());
  if (type.dtype == DataType::kNone && dtype != "none") return in.error("no element type is called '" + dtype + "'");
  VERGE_CHECK(in.expect('['));
  type.ranked = !in.accept('*');
  while (!in.accept(']')) {
    if (!type.ranked) return in.wanted("']'");
    if (!type.dims.empty()) VERGE_CHECK(in.expect(','));
    VERGE_TRY(Dim dim, parse_dim(in));
    if (type.rank() == kMaxRank) return in.error("more than " + std::to_string(kMaxRank) + " dimensions");
    type.dims.push_back(std::move(dim));
  }
  if (in.accept_now('{')) {
    VERGE_TRY(type.quant, parse_quant(in));
  }
  return type;
}

Result<Tensor> parse_list(Reader& in, const TensorType& type) {
  if (type.dtype == DataType::kF64) {
    VERGE_TRY(const std::vector<double> values, parse_numbers<double>(in));
    return Tensor::of<double>({static_cast<int32_t>(values.size())}, values);
  }
  if (is_float(type.dtype)) {
    VERGE_TRY(const std::vector<float> values, parse_numbers<float>(in));
    return cast_tensor(Tensor::of<float>({static_cast<int32_t>(values.size())}, values), type.dtype);
  }
  if (type.dtype == DataType::kU64 || type.dtype == DataType::kString || type.dtype == DataType::kNone) return in.wanted("hex bytes");
  VERGE_TRY(const std::vector<int64_t> values, parse_numbers<int64_t>(in));
  const Tensor wide = Tensor::of<int64_t>({static_cast<int32_t>(values.size())}, values);
  Tensor out = cast_tensor(wide, type.dtype);
  if (out.to_ints() != values) return in.error(std::string("a number does not fit ") + dtype_name(type.dtype));
  return out;
}

Result<Tensor> parse_data(Reader& in, const TensorType& type) {
  if (!type.is_static()) return in.error("a constant wants every dimension");
  int64_t count = 1;
  for (const Dim& d : type.dims) {
    if (d.size > 0 && count > kMostElements / d.size) return in.error("a constant of " + type.text() + " is too large");
    count *= d.size;
  }
  const std::string wanted = type.text() + " wants " + std::to_string(count) + " elements";
  Tensor out;
  if (in.peek() == '0') {
    VERGE_TRY(Bytes bytes, in.number_text().substr(0, 2) == "0x" ? in.hex() : Result<Bytes>(in.wanted("0x")));
    if (type.dtype != DataType::kString && bytes.size() != dtype_bytes(type.dtype, static_cast<size_t>(count)))
      return in.error(wanted + ", found " + std::to_string(bytes.size()) + " bytes");
    out = Tensor(type.dtype, type.shape(), std::move(bytes));
  } else {
    VERGE_TRY(out, parse_list(in, type));
    if (out.count() != count) return in.error(wanted + ", found " + std::to_string(out.count()));
    out = out.reshaped(type.shape());
  }
  out.set_quant(type.quant);
  return out;
}

// Attributes.
Result<Attr> parse_number_attr(Reader& in) {
  if (in.number_text().find_first_of(".en") == std::string_view::npos) {
    VERGE_TRY(const int64_t value, in.number<int64_t>());
    return Attr(value);
  }
  VERGE_TRY(const double value, in.number<double>());
  return Attr(value);
}

Result<Attr> parse_list_attr(Reader& in) {
  std::vector<int64_t> ints;
  std::vector<double> reals;
  std::vector<std::string> texts;
  VERGE_CHECK(in.expect('['));
  if (in.accept(']')) return Attr(ints);
  if (in.accept_word("real") && in.accept(']')) return Attr(reals);
  if (in.accept_word("text") && in.accept(']')) return Attr(texts);
  do {
    if (in.peek() == '"') {
      VERGE_TRY(texts.emplace_back(), in.quoted());
      continue;
    }
    VERGE_TRY(const Attr number, parse_number_attr(in));
    const auto* whole = std::get_if<int64_t>(&number);
    if (whole) ints.push_back(*whole);
    if (!whole) reals.push_back(std::get<double>(number));
  } while (in.accept(','));
  VERGE_CHECK(in.expect(']'));
  if (int{!ints.empty()} + int{!reals.empty()} + int{!texts.empty()} > 1) return in.error("a list mixes integers, real numbers or texts");
  return !ints.empty() ? Attr(ints) : !reals.empty() ? Attr(reals) : Attr(texts);
}

Result<Attr> parse_attr(Reader& in) {
  const char next = in.peek();
  if (next == '"') {
    VERGE_TRY(std::string text, in.quoted());
    return Attr(std::move(text));
  }
  if (next == '[') return parse_list_attr(in);
  const std::string_view number = in.number_text();
  if (is_digit(next) || next == '-' || next == '.' || number == "inf" || number == "nan") return parse_number_attr(in);
  VERGE_TRY(const TensorType type, parse_type(in));
  VERGE_TRY(Tensor tensor, parse_data(in, type));
  return Attr(std::move(tensor));
}

// One graph: from "graph" to the end of the text, or to the brace that closes a sub-graph.
class Parser {
 public:
  Parser(Reader& in, int depth) : in_(in), depth_(depth) {}

  Result<Graph> parse() {
    if (in_.accept_word("graph")) {
      VERGE_TRY(graph_.name, in_.quoted());
    }
    while (!in_.at_end() && in_.peek() != '}') VERGE_CHECK(statement());
    return std::move(graph_);
  }

 private:
  Result<void> statement() {
    if (in_.accept_word("meta")) return meta();
    if (in_.accept_word("input")) return input();
    if (in_.accept_word("const")) return constant();
    if (in_.accept_word("output")) return output();
    return node();
  }

  // %name, %"name", %7, %name#2: a key that is unique in the graph, and the name alone.
  struct Name {
    std::string key, text;
  };
  Result<Name> name() {
    VERGE_CHECK(in_.expect('%'));
    if (is_digit(in_.peek())) {
      VERGE_TRY(const int64_t number, in_.number<int64_t>());
      return Name{"%" + std::to_string(number), ""};
    }
    VERGE_TRY(std::string text, in_.word("a value's name"));
    int64_t nth = 1;
    if (in_.accept_now('#')) {
      VERGE_TRY(nth, in_.number<int64_t>());
    }
    return Name{std::to_string(nth) + "#" + text, text};
  }
  Result<ValueId> use() {
    if (in_.accept_word("_")) return ValueId();
    VERGE_TRY(const Name wanted, name());
    const auto found = values_.find(wanted.key);
    if (found == values_.end()) return in_.error("value '" + (wanted.text.empty() ? wanted.key : wanted.text) + "' is not defined before its use");
    return found->second;
  }

  Result<void> meta() {
    VERGE_TRY(const std::string key, in_.quoted());
    VERGE_CHECK(in_.expect('='));
    VERGE_TRY(graph_.metadata[key], in_.quoted());
    return done();
  }
  Result<void> input() {
    VERGE_TRY(const Name made, name());
    VERGE_CHECK(in_.expect(':'));
    VERGE_TRY(TensorType type, parse_type(in_));
    if (!values_.emplace(made.key, graph_.add_input(made.text, std::move(type))).second) return in_.error("value '" + made.text + "' is defined twice");
    return done();
  }
  Result<void> constant() {
    VERGE_TRY(const Name made, name());
    VERGE_CHECK(in_.expect(':'));
    VERGE_TRY(const TensorType type, parse_type(in_));
    VERGE_CHECK(in_.expect('='));
    VERGE_TRY(Tensor tensor, parse_data(in_, type));
    if (!values_.emplace(made.key, graph_.add_constant(std::move(tensor), made.text)).second) return in_.error("value '" + made.text + "' is defined twice");
    return done();
  }
  Result<void> output() {
    VERGE_TRY(const ValueId value, use());
    if (!value.valid()) return in_.error("an output wants a value");
    std::string as = graph_.value(value).name;
    if (in_.accept_word("as")) {
      VERGE_TRY(as, in_.quoted());
    }
    graph_.add_output(value, std::move(as));
    return done();
  }

  // %y, %z = op(%x, _) {attr=1} "name": types with body { ... }
  Result<void> node() {
    NewNode made;
    std::vector<Name> outputs;
    if (in_.accept('(')) {
      VERGE_CHECK(in_.expect(')'));
    } else {
      VERGE_TRY(outputs, output_names());
    }
    VERGE_CHECK(in_.expect('='));
    VERGE_TRY(made.op, in_.word("an operator"));
    VERGE_CHECK(in_.expect('('));
    while (!in_.accept(')')) {
      if (!made.inputs.empty()) VERGE_CHECK(in_.expect(','));
      VERGE_TRY(made.inputs.emplace_back(), use());
    }
    if (in_.accept('{')) {
      VERGE_TRY(made.attrs, attributes());
    }
    if (in_.peek() == '"') {
      VERGE_TRY(made.name, in_.quoted());
    }
    VERGE_TRY(const std::vector<TensorType> types, output_types(outputs));
    VERGE_TRY(made.subgraphs, subgraphs());
    return add(std::move(made), outputs, types);
  }

  Result<std::vector<Name>> output_names() {
    std::vector<Name> out;
    do {
      if (in_.accept_word("_")) {
        out.push_back({});
        continue;
      }
      if (in_.peek() != '%') return in_.wanted("a statement");
      VERGE_TRY(out.emplace_back(), name());
    } while (in_.accept(','));
    return out;
  }
  Result<Attrs> attributes() {
    Attrs out;
    while (!in_.accept('}')) {
      if (!out.empty()) VERGE_CHECK(in_.expect(','));
      VERGE_TRY(const std::string key, in_.word("an attribute"));
      VERGE_CHECK(in_.expect('='));
      VERGE_TRY(Attr value, parse_attr(in_));
      if (!out.emplace(key, std::move(value)).second) return in_.error("attribute '" + key + "' comes twice");
    }
    return out;
  }
  Result<std::vector<TensorType>> output_types(const std::vector<Name>& outputs) {
    std::vector<TensorType> types(outputs.size());
    if (!in_.accept(':')) return types;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (i) VERGE_CHECK(in_.expect(','));
      if (outputs[i].key.empty() && in_.accept_word("_")) continue;
      VERGE_TRY(types[i], parse_type(in_));
    }
    return types;
  }
  Result<std::map<std::string, std::shared_ptr<const Graph>>> subgraphs() {
    std::map<std::string, std::shared_ptr<const Graph>> out;
    while (in_.accept_word("with")) {
      VERGE_TRY(const std::string key, in_.word("a sub-graph's name"));
      VERGE_CHECK(in_.expect('{'));
      if (depth_ == kDeepest) return in_.error("sub-graphs are nested too deeply");
      VERGE_TRY(Graph body, Parser(in_, depth_ + 1).parse());
      VERGE_CHECK(in_.expect('}'));
      if (!out.emplace(key, std::make_shared<const Graph>(std::move(body))).second) return in_.error("sub-graph '" + key + "' comes twice");
    }
    return out;
  }
  Result<void> add(NewNode made, const std::vector<Name>& names, const std::vector<TensorType>& types) {
    std::vector<ValueId> outputs;
    for (size_t i = 0; i < names.size(); ++i) {
      ValueId& out = outputs.emplace_back();
      if (names[i].key.empty()) continue;
      out = graph_.add_value(names[i].text, types[i]);
      if (!values_.emplace(names[i].key, out).second) return in_.error("value '" + names[i].text + "' is defined twice");
    }
    graph_.add_node(std::move(made), std::move(outputs));
    return done();
  }

  Reader& in_;
  const int depth_;
  Graph graph_;
  std::map<std::string, ValueId> values_;
};

}  // namespace

Result<Graph> parse_graph(std::string_view text) {
  Reader in(text);
  VERGE_TRY(Graph graph, Parser(in, 0).parse());
  if (!in.at_end()) return in.wanted("a statement");
  return graph;
}

}  // namespace verge
