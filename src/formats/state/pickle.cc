// The opcodes are those of Python's pickletools, protocols 2 to 5; older text forms of numbers are read too.
#include "formats/state/pickle.h"

#include <cstdlib>
#include <cstring>
#include <unordered_map>

namespace verge::formats {
namespace {

using Kind = PickleValue::Kind;

class Machine {
 public:
  Machine(ByteSpan bytes, size_t at) : bytes_(bytes), at_(at) {}
  size_t at() const { return at_; }

  Result<Pickle> run() {
    while (!stopped_) {
      const size_t opcode_at = at_;
      VERGE_TRY(const ByteSpan op, take(1));
      if (!step(static_cast<char>(op[0]))) return corrupt("pickle: byte " + std::to_string(opcode_at) + ": " + "operation " + std::to_string(op[0]) + " is unknown or does not fit");
    }
    if (stack_.empty()) return corrupt("pickle: it ends with nothing on its stack");
    out_.root = stack_.back();
    return std::move(out_);
  }

 private:
  Pickled make(Kind kind) {
    out_.values.emplace_back().kind = kind;
    return &out_.values.back();
  }

  Result<ByteSpan> take(size_t n) {
    if (n > bytes_.size() - at_) return corrupt("pickle: cut off");
    at_ += n;
    return bytes_.subspan(at_ - n, n);
  }

  // Little-endian; false past the end.
  bool number(size_t width, uint64_t& out) {
    const auto raw = take(width);
    if (!raw.ok()) return false;
    out = 0;
    for (size_t i = 0; i < width; ++i) out |= uint64_t{(*raw)[i]} << (8 * i);
    return true;
  }
  bool text(size_t length_width, std::string& out) {
    uint64_t n = 0;
    if (!number(length_width, n) || n > bytes_.size()) return false;
    const auto raw = take(static_cast<size_t>(n));
    if (raw.ok()) out.assign(reinterpret_cast<const char*>(raw->data()), raw->size());
    return raw.ok();
  }
  bool line(std::string& out) {
    const auto* end = at_ < bytes_.size() ? static_cast<const uint8_t*>(std::memchr(bytes_.data() + at_, '\n', bytes_.size() - at_)) : nullptr;
    if (!end) return false;
    out.assign(reinterpret_cast<const char*>(bytes_.data() + at_), static_cast<size_t>(end - bytes_.data()) - at_);
    at_ = static_cast<size_t>(end - bytes_.data()) + 1;
    return true;
  }

  bool push(Pickled v) {
    stack_.push_back(v);
    return true;
  }
  bool push_integer(int64_t n) {
    Pickled v = make(Kind::kInteger);
    v->integer = n;
    return push(v);
  }
  bool push_text(size_t length_width) {
    Pickled v = make(Kind::kText);
    return text(length_width, v->text) && push(v);
  }
  bool push_number(size_t width, bool is_signed) {
    uint64_t n = 0;
    if (!number(width, n)) return false;
    return push_integer(is_signed ? static_cast<int32_t>(n) : static_cast<int64_t>(n));
  }
  // Two's complement of any length; what does not fit 64 bits keeps its low ones.
  bool push_long() {
    uint64_t length = 0;
    if (!number(1, length)) return false;
    const auto raw = take(static_cast<size_t>(length));
    if (!raw.ok()) return false;
    uint64_t n = length && ((*raw)[length - 1] & 0x80) ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < length && i < 8; ++i) n = (n & ~(uint64_t{0xff} << (8 * i))) | uint64_t{(*raw)[i]} << (8 * i);
    return push_integer(static_cast<int64_t>(n));
  }
  bool push_real() {
    uint64_t little = 0;
    if (!number(8, little)) return false;
    const uint64_t big = __builtin_bswap64(little);
    Pickled v = make(Kind::kReal);
    std::memcpy(&v->real, &big, 8);
    return push(v);
  }
  bool push_line_number() {
    std::string digits;
    if (!line(digits)) return false;
    return push_integer(std::strtoll(digits.c_str(), nullptr, 10));
  }
  bool push_global() {
    Pickled v = make(Kind::kGlobal);
    std::string name;
    if (!line(v->text) || !line(name)) return false;
    v->text += " " + name;
    return push(v);
  }
  bool stack_global() {
    if (stack_.size() < 2) return false;
    Pickled v = make(Kind::kGlobal);
    v->text = stack_[stack_.size() - 2]->text + " " + stack_.back()->text;
    stack_.resize(stack_.size() - 2);
    return push(v);
  }

  Pickled pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) return nullptr;
    Pickled v = stack_.back();
    stack_.pop_back();
    return v;
  }
  bool push_tuple(size_t n) {
    Pickled v = make(Kind::kList);
    v->items.resize(n);
    for (size_t i = n; i-- > 0;)
      if (!(v->items[i] = pop())) return false;
    return push(v);
  }
  // What lies above the last mark.
  bool above_mark(std::vector<Pickled>& out) {
    if (marks_.empty() || marks_.back() > stack_.size()) return false;
    out.assign(stack_.begin() + static_cast<long>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return true;
  }
  bool push_marked(Kind kind) {
    Pickled v = make(kind);
    if (kind != Kind::kDict) return above_mark(v->items) && push(v);
    std::vector<Pickled> items;
    return above_mark(items) && push(v) && add_pairs(items);
  }
  bool add_pairs(const std::vector<Pickled>& items) {
    if (stack_.empty() || items.size() % 2) return false;
    PickleValue& into = *stack_.back();
    if (!into.is(Kind::kDict) && !into.is(Kind::kObject)) return false;  // objects that fill like a dictionary
    for (size_t i = 0; i < items.size(); i += 2) into.pairs.emplace_back(items[i], items[i + 1]);
    return true;
  }
  bool add_items(const std::vector<Pickled>& items) {
    if (stack_.empty() || !(stack_.back()->is(Kind::kList) || stack_.back()->is(Kind::kObject))) return false;
    for (const Pickled& v : items) stack_.back()->items.push_back(v);
    return true;
  }
  bool set_items() {
    std::vector<Pickled> items;
    return above_mark(items) && add_pairs(items);
  }
  bool set_item() {
    const Pickled value = pop(), key = pop();
    return value && key && add_pairs({key, value});
  }
  bool append_all() {
    std::vector<Pickled> items;
    return above_mark(items) && add_items(items);
  }
  bool append() {
    const Pickled value = pop();
    return value && add_items({value});
  }
  // A call that is not made: an ordered dictionary is one, everything else is remembered as it was written.
  bool reduce() {
    const Pickled arguments = pop(), callable = pop();
    if (!arguments || !callable || !arguments->is(Kind::kList)) return false;
    if (callable->is(Kind::kGlobal) && callable->text == "collections OrderedDict") return push(make(Kind::kDict));
    Pickled v = make(Kind::kObject);
    v->items = {callable, arguments};
    return push(v);
  }
  bool build() {
    const Pickled state = pop();
    if (!state || stack_.empty()) return false;
    if (stack_.back()->is(Kind::kObject)) stack_.back()->items.push_back(state);
    return true;
  }
  bool persistent() {
    Pickled v = make(Kind::kPersistent);
    const Pickled id = pop();
    if (!id) return false;
    v->items = {id};
    return push(v);
  }
  bool remember(uint64_t key) {
    if (stack_.empty() || key > bytes_.size()) return false;
    memo_[key] = stack_.back();
    return true;
  }
  bool recall(uint64_t key) {
    const auto it = memo_.find(key);
    return it != memo_.end() && push(it->second);
  }
  bool keyed(size_t width, bool put) {
    uint64_t key = 0;
    return number(width, key) && (put ? remember(key) : recall(key));
  }
  bool keyed_line(bool put) {
    std::string digits;
    if (!line(digits)) return false;
    const uint64_t key = std::strtoull(digits.c_str(), nullptr, 10);
    return put ? remember(key) : recall(key);
  }
  bool skip(size_t n) { return take(n).ok(); }
  bool mark() {
    marks_.push_back(stack_.size());
    return true;
  }
  bool pop_mark() {
    std::vector<Pickled> ignored;
    return above_mark(ignored);
  }

  bool step(char op) {
    switch (op) {
      case '\x80': return skip(1);                       // PROTO
      case '\x95': return skip(8);                       // FRAME
      case '.': return stopped_ = true;
      case '(': return mark();
      case '0': return pop() != nullptr;
      case '1': return pop_mark();
      case '2': return !stack_.empty() && push(stack_.back());
      case 'N': return push(make(Kind::kNone));
      case '\x88': return push_integer(1);
      case '\x89': return push_integer(0);
      case 'I':
      case 'L': return push_line_number();
      case 'J': return push_number(4, true);
      case 'K': return push_number(1, false);
      case 'M': return push_number(2, false);
      case '\x8a': return push_long();
      case 'G': return push_real();
      case 'X':
      case 'T':
      case 'B': return push_text(4);
      case '\x8c':
      case 'U':
      case 'C': return push_text(1);
      case '\x8d':
      case '\x8e': return push_text(8);
      case ')': return push(make(Kind::kList));
      case ']':
      case '\x8f': return push(make(Kind::kList));
      case '}': return push(make(Kind::kDict));
      case 't':
      case 'l':
      case '\x91': return push_marked(Kind::kList);
      case 'd': return push_marked(Kind::kDict);
      case '\x85': return push_tuple(1);
      case '\x86': return push_tuple(2);
      case '\x87': return push_tuple(3);
      case 'a': return append();
      case 'e':
      case '\x90': return append_all();
      case 's': return set_item();
      case 'u': return set_items();
      case 'c': return push_global();
      case '\x93': return stack_global();
      case 'R':
      case '\x81': return reduce();                      // REDUCE, NEWOBJ
      case 'b': return build();
      case 'Q': return persistent();
      case 'q': return keyed(1, true);
      case 'r': return keyed(4, true);
      case 'p': return keyed_line(true);
      case 'h': return keyed(1, false);
      case 'j': return keyed(4, false);
      case 'g': return keyed_line(false);
      case '\x94': return remember(memo_.size());        // MEMOIZE
      default: return false;
    }
  }

  ByteSpan bytes_;
  size_t at_;
  Pickle out_;
  std::vector<Pickled> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Pickled> memo_;
  bool stopped_ = false;
};

}  // namespace

Result<Pickle> read_pickle(ByteSpan bytes, size_t& at) {
  Machine machine(bytes, at);
  VERGE_TRY(Pickle value, machine.run());
  at = machine.at();
  return value;
}

}  // namespace verge::formats
