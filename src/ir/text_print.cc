#include <charconv>
#include <cmath>
#include <set>

#include "core/text.h"
#include "ir/text_form.h"

namespace verge {
namespace {

constexpr int64_t kLongestList = 32;  // elements of a constant that are still printed one by one

bool plain(const std::string& name) {
  if (name.empty()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
    if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '.' || c == '-'))) return false;
  }
  return name != "_";
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\', out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += format("\\x%02x", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string word(const std::string& name) { return plain(name) ? name : quoted(name); }

template <typename T> std::string shortest(T value) {
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

// Always recognisable as a real number.
std::string real(double value) {
  const std::string text = shortest(value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

template <typename Range, typename Print> std::string list(const Range& values, Print print, const char* separator = ", ") {
  std::vector<std::string> parts;
  for (const auto& v : values) parts.push_back(print(v));
  return "[" + join(parts, separator) + "]";
}

std::string dim_text(const Dim& d) { return d.known() ? std::to_string(d.size) : d.symbol.empty() ? "?" : word(d.symbol); }

std::string quant_text(const QuantParams& q) {
  return "{scale=" + list(q.scale, shortest<float>) + " zero=" + list(q.zero_point, shortest<int32_t>) + " axis=" + std::to_string(q.axis) + "}";
}

std::string type_text(const TensorType& type) {
  const std::string dims = type.ranked ? list(type.dims, dim_text, ",") : "[*]";
  return dtype_name(type.dtype) + dims + (type.quantized() ? quant_text(type.quant) : "");
}

std::string hex(ByteSpan bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "0x";
  out.reserve(2 + 2 * bytes.size());
  for (const uint8_t b : bytes) out += kDigits[b >> 4], out += kDigits[b & 15];
  return out;
}

bool finite(const Tensor& tensor) {
  for (int64_t i = 0; i < tensor.count(); ++i)
    if (!std::isfinite(tensor.at(i))) return false;
  return true;
}

std::string data_text(const Tensor& tensor) {
  const DataType dtype = tensor.dtype();
  const bool listable = dtype == DataType::kBool || is_float(dtype) || (is_integer(dtype) && dtype != DataType::kU64);
  if (!listable || tensor.count() > kLongestList || !finite(tensor)) return hex(tensor.bytes());
  if (dtype == DataType::kF64) return list(tensor.to_doubles(), shortest<double>);
  if (is_float(dtype)) return list(tensor.to_doubles(), [](double v) { return shortest(static_cast<float>(v)); });
  return list(tensor.to_ints(), shortest<int64_t>);
}

struct AttrPrinter {
  std::string operator()(int64_t v) const { return shortest(v); }
  std::string operator()(double v) const { return real(v); }
  std::string operator()(const std::string& v) const { return quoted(v); }
  std::string operator()(const std::vector<int64_t>& v) const { return list(v, shortest<int64_t>); }
  std::string operator()(const std::vector<double>& v) const { return v.empty() ? "[real]" : list(v, real); }
  std::string operator()(const std::vector<std::string>& v) const { return v.empty() ? "[text]" : list(v, quoted); }
  std::string operator()(const Tensor& v) const {
    TensorType type(v.dtype(), v.shape());
    type.quant = v.quant();
    return type_text(type) + " " + data_text(v);
  }
};

class Printer {
 public:
  Printer(const Graph& graph, const PrintOptions& options, std::string indent) : graph_(graph), options_(options), indent_(std::move(indent)) {}

  std::string print() {
    line("graph " + quoted(graph_.name));
    for (const auto& [key, value] : graph_.metadata) line("meta " + quoted(key) + " = " + quoted(value));
    for (const ValueId in : graph_.inputs()) line("input " + name(in) + ": " + type_text(graph_.type(in)));
    print_constants();
    for (const NodeId id : graph_.order()) print_node(graph_.node(id));
    print_outputs();
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += indent_ + text + "\n"; }

  // "%x", made unique on first use.
  const std::string& name(ValueId id) {
    static const std::string absent = "_";
    if (!id.valid()) return absent;
    std::string& known = names_[id];
    if (!known.empty()) return known;
    const std::string& given = graph_.value(id).name;
    if (given.empty()) return known = "%" + std::to_string(unnamed_++);
    const int nth = ++seen_[given];
    return known = "%" + word(given) + (nth > 1 ? "#" + std::to_string(nth) : "");
  }

  void print_constants() {
    std::set<ValueId> used;
    for (const NodeId id : graph_.order()) used.insert(graph_.node(id).inputs.begin(), graph_.node(id).inputs.end());
    for (const ValueId out : graph_.outputs()) used.insert(out);
    for (const ValueId id : used)
      if (const Tensor* tensor = graph_.constant(id))
        line("const " + name(id) + ": " + type_text(graph_.type(id)) + (options_.constant_data ? " = " + data_text(*tensor) : ""));
  }

  std::string names(const std::vector<ValueId>& ids) {
    std::vector<std::string> parts;
    for (const ValueId id : ids) parts.push_back(name(id));
    return join(parts, ", ");
  }

  std::string output_types(const Node& node) const {
    std::vector<std::string> parts;
    bool wanted = options_.types;
    for (const ValueId out : node.outputs) {
      if (out.valid() && graph_.type(out).quantized()) wanted = true;
      parts.push_back(out.valid() ? type_text(graph_.type(out)) : "_");
    }
    return wanted && !parts.empty() ? ": " + join(parts, ", ") : "";
  }

  void print_node(const Node& node) {
    std::string text = (node.outputs.empty() ? "()" : names(node.outputs)) + " = " + word(node.op) + "(" + names(node.inputs) + ")";
    std::vector<std::string> attrs;
    for (const auto& [key, value] : node.attrs) attrs.push_back(word(key) + "=" + std::visit(AttrPrinter(), value));
    if (!attrs.empty()) text += " {" + join(attrs, ", ") + "}";
    if (!node.name.empty()) text += " " + quoted(node.name);
    text += output_types(node);
    for (const auto& [key, body] : node.subgraphs) text += " with " + word(key) + " {\n" + Printer(*body, options_, indent_ + "  ").print() + indent_ + "}";
    line(text);
  }

  void print_outputs() {
    for (size_t i = 0; i < graph_.outputs().size(); ++i) {
      const ValueId id = graph_.outputs()[i];
      const std::string& as = graph_.output_name(i);
      line("output " + name(id) + (as == graph_.value(id).name ? "" : " as " + quoted(as)));
    }
  }

  const Graph& graph_;
  const PrintOptions& options_;
  const std::string indent_;
  std::map<ValueId, std::string> names_;
  std::map<std::string, int> seen_;
  int unnamed_ = 0;
  std::string out_;
};

}  // namespace

std::string print_graph(const Graph& graph, const PrintOptions& options) { return Printer(graph, options, "").print(); }

}  // namespace verge
