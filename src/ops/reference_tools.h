// What references share: elements of host tensors as doubles, integers or bytes, and walks over coordinates. Slow and plain on purpose.
#pragma once
#include <cstring>
#include <vector>

#include "core/result.h"
#include "ir/tensor.h"

namespace verge::ops {

using Coordinates = std::vector<int64_t>;

// Values into a tensor of any type; integers saturate, floats to integers truncate.
void fill(Tensor& out, const std::vector<double>& values);
void fill(Tensor& out, const std::vector<int64_t>& values);
// Integers modulo the type's range; bool: whether not zero.
void fill_wrapping(Tensor& out, const std::vector<int64_t>& values);

// at[d] for the flat index `i` of `shape`, and back.
Coordinates coordinates_of(const Shape& shape, int64_t i);
int64_t index_of(const Shape& shape, const Coordinates& at);

// The flat index in `in` of what broadcasting shows at flat index `i` of `out`.
int64_t broadcast_index(const Shape& out, const Shape& in, int64_t i);

// y[i] = x[from(i)] for every element i, as bytes; where from(i) is negative, y[i] is left. Packed types are refused.
template <typename From> Result<void> move_elements(const Tensor& x, Tensor& y, const From& from) {
  const size_t width = dtype_bits(x.dtype()) / 8;
  if (width == 0 || x.dtype() != y.dtype()) return unsupported(std::string("cannot move elements of ") + dtype_name(x.dtype()) + " to " + dtype_name(y.dtype()));
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t j = from(i);
    if (j >= 0) std::memcpy(y.data() + static_cast<size_t>(i) * width, x.bytes().data() + static_cast<size_t>(j) * width, width);
  }
  return done();
}

}  // namespace verge::ops
