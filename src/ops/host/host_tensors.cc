#include "ops/host/host_ops.h"

namespace verge::ops {
namespace {

struct Blocks {
  size_t outer, bytes;  // how many rows, and bytes of one step along the axis
};

Blocks blocks_of(const Tensor& t, int axis) {
  const int64_t inner = t.shape().count(axis + 1, t.shape().rank);
  return {static_cast<size_t>(t.shape().count(0, axis)), dtype_bytes(t.dtype(), static_cast<size_t>(inner))};
}

void copy(uint8_t* to, const uint8_t* from, size_t bytes) {
  if (bytes) std::memcpy(to, from, bytes);
}

Shape without(const Shape& shape, int axis) {
  Shape out;
  for (int i = 0; i < shape.rank; ++i)
    if (i != axis) out.dim[out.rank++] = shape[i];
  return out;
}

Shape with_one(const Shape& shape, int axis) {
  Shape out;
  for (int i = 0; i <= shape.rank; ++i) {
    if (i == axis) out.dim[out.rank++] = 1;
    if (i < shape.rank) out.dim[out.rank++] = shape[i];
  }
  return out;
}

}  // namespace

Tensor slab(const Tensor& t, int axis, int64_t begin, int64_t count) {
  Shape shape = t.shape();
  shape[axis] = static_cast<int32_t>(count);
  Tensor out(t.dtype(), shape);
  const Blocks b = blocks_of(t, axis);
  const size_t from = static_cast<size_t>(t.shape()[axis]) * b.bytes, to = static_cast<size_t>(count) * b.bytes;
  for (size_t i = 0; i < b.outer; ++i) copy(out.data() + i * to, t.bytes().data() + i * from + static_cast<size_t>(begin) * b.bytes, to);
  return out;
}

Tensor element(const Tensor& t, int axis, int64_t i) { return slab(t, axis, i, 1).reshaped(without(t.shape(), axis)); }

Result<Tensor> joined(const std::vector<Tensor>& parts, int axis) {
  if (parts.empty()) return invalid("there is nothing to join");
  Shape shape = parts[0].shape();
  if (axis < 0 || axis >= shape.rank) return invalid("cannot join tensors of rank " + std::to_string(shape.rank) + " along axis " + std::to_string(axis));
  int64_t count = 0;
  for (const Tensor& p : parts) {
    count += p.shape().rank == shape.rank ? p.shape()[axis] : 0;
    if (p.dtype() != parts[0].dtype() || p.shape().rank != shape.rank || !(without(p.shape(), axis) == without(shape, axis)) || count > INT32_MAX)
      return invalid("cannot join " + TensorType(parts[0].dtype(), shape).text() + " and " + TensorType(p.dtype(), p.shape()).text() + " along axis " + std::to_string(axis));
  }
  shape[axis] = static_cast<int32_t>(count);
  Tensor out(parts[0].dtype(), shape);
  const Blocks b = blocks_of(out, axis);
  size_t at = 0;
  for (const Tensor& p : parts) {
    const size_t bytes = static_cast<size_t>(p.shape()[axis]) * b.bytes;
    for (size_t i = 0; i < b.outer; ++i) copy(out.data() + i * static_cast<size_t>(count) * b.bytes + at, p.bytes().data() + i * bytes, bytes);
    at += bytes;
  }
  return out;
}

Result<Tensor> stacked(const std::vector<Tensor>& parts, int axis) {
  std::vector<Tensor> wide;
  for (const Tensor& p : parts) {
    if (axis < 0 || axis > p.shape().rank || p.shape().rank >= kMaxRank) return invalid("cannot stack tensors of rank " + std::to_string(p.shape().rank) + " along axis " + std::to_string(axis));
    wide.push_back(p.reshaped(with_one(p.shape(), axis)));
  }
  return joined(wide, axis);
}

}  // namespace verge::ops
