// Einstein sums as products of matrices: operands are taken from left to right, each pair as [batch, rows, sum] x [batch, columns, sum].
#include <algorithm>
#include <map>

#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

using Labels = std::string;  // one letter a dimension; dimensions of an ellipsis are digits, counted from the last

bool has(const Labels& labels, char label) { return labels.find(label) != Labels::npos; }

struct Operand {
  ValueId value;
  Labels labels;
};

struct Equation {
  std::vector<Labels> inputs;
  Labels output;
};

std::string without_spaces(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return text;
}

// "...ij" with `dots` dimensions in place of the points.
Labels expanded_dots(const std::string& term, size_t dots) {
  const size_t at = term.find("...");
  if (at == std::string::npos) return term;
  Labels middle;
  for (size_t i = dots; i-- > 0;) middle += static_cast<char>('0' + i);
  return term.substr(0, at) + middle + term.substr(at + 3);
}

// Without "->" the output has the labels that occur once, in order.
std::string implied_output(const std::string& inputs) {
  std::map<char, int> count;
  for (const char l : inputs)
    if (std::isalpha(static_cast<unsigned char>(l))) ++count[l];
  std::string out = inputs.find("...") == std::string::npos ? "" : "...";
  for (const auto& [label, n] : count)
    if (n == 1) out += label;
  return out;
}

Result<Equation> equation_of(NodeContext& c) {
  const std::string text = without_spaces(c.text("equation", ""));
  const size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow), right = arrow == std::string::npos ? implied_output(left) : text.substr(arrow + 2);
  Equation e;
  std::vector<std::string> terms(1);
  for (const char l : left)
    if (l == ',') terms.emplace_back();
    else terms.back() += l;
  if (terms.size() != c.input_count()) return c.damaged("equation '" + text + "' has " + std::to_string(terms.size()) + " operands, the node " + std::to_string(c.input_count()));
  size_t most_dots = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    VERGE_TRY(const int rank, c.rank(i));
    const bool dotted = terms[i].find("...") != std::string::npos;
    const size_t letters = terms[i].size() - (dotted ? 3 : 0);
    if (dotted ? letters > static_cast<size_t>(rank) : letters != static_cast<size_t>(rank)) return c.damaged("equation '" + text + "' does not fit operand " + c.type(i).text());
    const size_t dots = dotted ? static_cast<size_t>(rank) - letters : 0;
    most_dots = std::max(most_dots, dots);
    e.inputs.push_back(expanded_dots(terms[i], dots));
  }
  e.output = expanded_dots(right, most_dots);
  const Labels all = [&] {
    Labels joined;
    for (const Labels& l : e.inputs) joined += l;
    return joined;
  }();
  for (const char l : e.output)
    if (!has(all, l) || std::count(e.output.begin(), e.output.end(), l) > 1) return c.damaged("equation '" + text + "' has an output label that no operand has, or twice");
  return e;
}

class Einsum {
 public:
  Einsum(NodeContext& c, Equation equation) : c_(c), equation_(std::move(equation)) {}

  Result<ValueId> run() {
    std::vector<Operand> operands;
    for (size_t i = 0; i < equation_.inputs.size(); ++i) {
      VERGE_TRY(Operand operand, single(c_.in(i), equation_.inputs[i]));
      operands.push_back(std::move(operand));
    }
    Operand all = operands[0];
    for (size_t i = 1; i < operands.size(); ++i) {
      Labels later = equation_.output;
      for (size_t k = i + 1; k < operands.size(); ++k) later += operands[k].labels;
      all = product(without(all, operands[i].labels + later), without(operands[i], all.labels + later), later);
    }
    all = without(all, equation_.output);
    return in_order(all, equation_.output).value;
  }

 private:
  // A label that stands twice names the diagonal. Sizes are noted.
  Result<Operand> single(ValueId x, Labels labels) {
    VERGE_TRY(Shape shape, known_shape(c_, x, "operand"));
    for (size_t i = 0; i < labels.size();) {
      const size_t twin = labels.find(labels[i], i + 1);
      if (twin == Labels::npos) {
        ++i;
        continue;
      }
      if (shape[static_cast<int>(i)] != shape[static_cast<int>(twin)]) return c_.damaged("a repeated label names dimensions of two sizes");
      const Labels rest = removed(removed(labels, twin), i);
      const int32_t n = shape[static_cast<int>(i)];
      x = transposed(c_, x, order_with_last(labels.size(), i, twin));
      x = diagonal(x, n);
      labels = rest + labels[i];
      VERGE_TRY(shape, known_shape(c_, x, "operand"));
    }
    for (size_t i = 0; i < labels.size(); ++i) sizes_[labels[i]] = std::max<int64_t>(sizes_[labels[i]], shape[static_cast<int>(i)]);
    return Operand{x, labels};
  }

  static Labels removed(Labels labels, size_t at) { return labels.erase(at, 1); }
  static std::vector<int64_t> order_with_last(size_t rank, size_t a, size_t b) {
    std::vector<int64_t> order;
    for (size_t i = 0; i < rank; ++i)
      if (i != a && i != b) order.push_back(static_cast<int64_t>(i));
    order.push_back(static_cast<int64_t>(a));
    order.push_back(static_cast<int64_t>(b));
    return order;
  }
  // [..., n, n] to [..., n]
  ValueId diagonal(ValueId x, int64_t n) {
    std::vector<int64_t> flat;
    const int rank = c_.type(x).rank();
    for (int i = 0; i + 2 < rank; ++i) flat.push_back(0);
    flat.push_back(n * n);
    return sliced(c_, shaped(c_, x, flat), rank - 2, 0, n * n, n + 1);
  }

  // Sums over the labels that nobody else wants.
  Operand without(Operand x, const Labels& wanted) {
    std::vector<int64_t> axes;
    Labels kept;
    for (size_t i = 0; i < x.labels.size(); ++i) {
      if (has(wanted, x.labels[i])) kept += x.labels[i];
      else axes.push_back(static_cast<int64_t>(i));
    }
    return axes.empty() ? x : Operand{reduced(c_, "reduce_sum", x.value, axes, false), kept};
  }

  Operand in_order(const Operand& x, const Labels& labels) {
    std::vector<int64_t> perm;
    for (const char l : labels) perm.push_back(static_cast<int64_t>(x.labels.find(l)));
    return std::is_sorted(perm.begin(), perm.end()) ? x : Operand{transposed(c_, x.value, perm), labels};
  }

  int64_t size(const Labels& labels) {
    int64_t n = 1;
    for (const char l : labels) n *= sizes_[l];
    return n;
  }

  // x as [batch, rows, sum], dimensions of size 1 stretched.
  ValueId matrices(const Operand& x, const Labels& batch, const Labels& rows, const Labels& sum) {
    const Operand ordered = in_order(x, batch + rows + sum);
    std::vector<int64_t> full;
    for (const char l : ordered.labels) full.push_back(sizes_[l]);
    const bool stretched = c_.type(ordered.value).is_static() && c_.type(ordered.value).shape().count() != size(ordered.labels);
    const ValueId wide = stretched ? expanded(c_, ordered.value, full) : ordered.value;
    return shaped(c_, wide, {size(batch), size(rows), size(sum)});
  }

  Operand product(const Operand& a, const Operand& b, const Labels& later) {
    Labels batch, sum, rows, columns;
    for (const char l : a.labels) (!has(b.labels, l) ? rows : has(later, l) ? batch : sum) += l;
    for (const char l : b.labels)
      if (!has(a.labels, l)) columns += l;
    const ValueId x = matrices(a, batch, rows, sum), y = matrices(b, batch, columns, sum);
    const ValueId z = is_float(c_.type(x).dtype) ? c_.add("matmul", {x, y}, {{"trans_b", int64_t{1}}}) : integer_product(x, y, size(batch), size(rows), size(columns), size(sum));
    std::vector<int64_t> shape;
    const Labels labels = batch + rows + columns;
    for (const char l : labels) shape.push_back(sizes_[l]);
    return {shaped(c_, z, shape), labels};
  }

  ValueId integer_product(ValueId x, ValueId y, int64_t batch, int64_t rows, int64_t columns, int64_t sum) {
    const ValueId terms = c_.add("mul", {shaped(c_, x, {batch, rows, 1, sum}), shaped(c_, y, {batch, 1, columns, sum})});
    return reduced(c_, "reduce_sum", terms, {3}, false);
  }

  NodeContext& c_;
  Equation equation_;
  std::map<char, int64_t> sizes_;
};

Result<void> einsum(NodeContext& c) {
  VERGE_TRY(Equation equation, equation_of(c));
  VERGE_TRY(const ValueId y, Einsum(c, std::move(equation)).run());
  return c.finish(y);
}

constexpr Row kRows[] = {
    {"Einsum", 12, kNewest, einsum},
};

}  // namespace

std::span<const Row> einsum_rows() { return kRows; }

}  // namespace verge::formats::onnx
