#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

void copy_cast(Tensor& out, const Tensor& values) {
  const Tensor converted = cast_tensor(values, out.dtype());
  if (!converted.bytes().empty()) std::memcpy(out.data(), converted.bytes().data(), converted.bytes().size());
}

}  // namespace

void fill(Tensor& out, const std::vector<double>& values) { copy_cast(out, Tensor::of<double>(out.shape(), values)); }

void fill(Tensor& out, const std::vector<int64_t>& values) { copy_cast(out, Tensor::of<int64_t>(out.shape(), values)); }

void fill_wrapping(Tensor& out, const std::vector<int64_t>& values) {
  const size_t width = dtype_bits(out.dtype()) / 8;
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t value = out.dtype() == DataType::kBool ? values[i] != 0 : values[i];
    std::memcpy(out.data() + i * width, &value, width);  // little endian: the low bytes
  }
}

Coordinates coordinates_of(const Shape& shape, int64_t i) {
  Coordinates at(static_cast<size_t>(shape.rank));
  for (int d = shape.rank - 1; d >= 0; --d) {
    at[d] = i % shape[d];
    i /= shape[d];
  }
  return at;
}

int64_t index_of(const Shape& shape, const Coordinates& at) {
  int64_t i = 0;
  for (int d = 0; d < shape.rank; ++d) i = i * shape[d] + at[d];
  return i;
}

int64_t broadcast_index(const Shape& out, const Shape& in, int64_t i) {
  int64_t index = 0, step = 1;
  for (int d = 0; d < in.rank; ++d) {
    const int32_t size = in.back(d);
    if (size != 1) index += i % out.back(d) * step;
    step *= size;
    i /= out.back(d);
  }
  return index;
}

}  // namespace verge::ops
