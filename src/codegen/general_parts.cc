#include "codegen/general_parts.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace verge::codegen {

std::string real(float v) {
  if (std::isinf(v)) return v > 0 ? "3.4028235e38f" : "-3.4028235e38f";
  const std::string digits = format("%.9g", static_cast<double>(v));
  return digits + (digits.find_first_of(".e") == std::string::npos ? ".0f" : "f");
}

std::string numbers(const std::vector<int64_t>& values) {
  std::vector<std::string> words;
  for (int64_t v : values) words.push_back(std::to_string(v));
  return "{" + join(words, ", ") + "}";
}

std::string window_fields(const ConvGeometry& g) {
  return format("{%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d}", g.batch, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c, g.kernel_h,
                g.kernel_w, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.pad_top, g.pad_left, g.groups);
}

int64_t macs_of(const ConvGeometry& g) { return static_cast<int64_t>(g.out_pixels() * static_cast<size_t>(g.out_c) * g.taps() * g.group_in()); }

std::vector<int64_t> steps_of(const Shape& shape, int64_t element) {
  std::vector<int64_t> out(static_cast<size_t>(shape.rank));
  int64_t step = element;
  for (size_t d = out.size(); d-- > 0; step *= shape[static_cast<int>(d)]) out[d] = step;
  return out;
}

General InstructionReader::pointwise(const char* name, const char* source, std::string fields) {
  General out;
  out.name = name;
  out.sources = {source};
  out.fields = std::move(fields);
  out.inputs = {0};
  return out;
}

std::string InstructionReader::broadcast(size_t operands) const {
  const Shape& z = out().shape;
  std::vector<std::vector<int64_t>> lists(1 + operands);
  for (int d = 0; d < z.rank; ++d) lists[0].push_back(z[d]);
  for (size_t k = 0; k < operands; ++k) {
    const Shape& x = in(k).shape;
    lists[1 + k].assign(static_cast<size_t>(z.rank), 0);
    int64_t step = 1;
    for (int d = x.rank; d-- > 0; step *= x[d])
      if (x[d] != 1) lists[1 + k][static_cast<size_t>(z.rank - x.rank + d)] = step;
  }
  std::vector<std::string> words;
  for (auto& list : lists) {
    if (list.empty()) list.push_back(1);
    words.push_back(numbers(list));
  }
  return std::to_string(lists[0].size()) + ", " + join(words, ", ");
}

Result<int> InstructionReader::type_number(DataType t) {
  constexpr DataType kTypes[] = {DataType::kI8, DataType::kU8, DataType::kI16, DataType::kI32, DataType::kI64, DataType::kBool, DataType::kF32};
  const auto* found = std::find(std::begin(kTypes), std::end(kTypes), t);
  if (found == std::end(kTypes)) return unsupported("tensor of type " + std::string(dtype_name(t)));
  return static_cast<int>(found - kTypes);
}

}  // namespace verge::codegen
