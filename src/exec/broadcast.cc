#include "exec/broadcast.h"

namespace verge::exec {
namespace {

// Element strides of `in` seen through `out`.
void strides_of(const Shape& in, const Shape& out, size_t* stride) {
  size_t step = 1;
  for (int d = out.rank - 1, i = in.rank - 1; d >= 0; --d, --i) {
    const int32_t size = i >= 0 ? in[i] : 1;
    stride[d] = size == 1 ? 0 : step;
    step *= static_cast<size_t>(size);
  }
}

}  // namespace

bool broadcasts_to(const Shape& in, const Shape& out) {
  if (in.rank > out.rank) return false;
  for (int i = 0; i < in.rank; ++i)
    if (in.back(i) != 1 && in.back(i) != out.back(i)) return false;
  return true;
}

bool broadcast_together(const Shape& out, const Shape* const* operands, int count) {
  for (int k = 0; k < count; ++k)
    if (!broadcasts_to(*operands[k], out)) return false;
  for (int i = 0; i < out.rank; ++i) {
    bool stands = out.back(i) == 1;
    for (int k = 0; k < count; ++k) stands = stands || (i < operands[k]->rank && operands[k]->back(i) == out.back(i));
    if (!stands) return false;
  }
  return true;
}

size_t Broadcast::rows() const {
  size_t n = 1;
  for (int d = 0; d + 1 < rank; ++d) n *= dim[d];
  return n;
}

size_t Broadcast::offset(int operand, size_t r) const {
  size_t at = 0;
  for (int d = rank - 2; d >= 0; --d) {
    at += r % dim[d] * stride[operand][d];
    r /= dim[d];
  }
  return at;
}

Broadcast make_broadcast(const Shape& out, const Shape* const* operands, int count) {
  size_t stride[kMaxOperands][kMaxRank];
  for (int k = 0; k < count; ++k) strides_of(*operands[k], out, stride[k]);
  Broadcast b;
  b.operands = count;
  for (int d = 0; d < out.rank; ++d) {
    if (out[d] == 1) continue;
    const auto size = static_cast<size_t>(out[d]);
    bool merges = b.rank > 0;
    for (int k = 0; k < count; ++k) merges = merges && b.stride[k][b.rank - 1] == stride[k][d] * size;
    if (!merges) b.dim[b.rank++] = 1;
    b.dim[b.rank - 1] *= size;
    for (int k = 0; k < count; ++k) b.stride[k][b.rank - 1] = stride[k][d];
  }
  return b;
}

}  // namespace verge::exec
