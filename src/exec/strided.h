// Copies a strided window of a tensor into a contiguous one: slices, transpositions, broadcasts and repetitions of any whole-byte type.
#pragma once
#include "base/shape.h"
#include "rt/op_table.h"

namespace verge::exec {

// y[i0, i1, ...] = x[offset + i0 * stride[0] + i1 * stride[1] + ...], in elements; strides may be zero or negative.
struct StridedRead {
  int rank = 0;
  int64_t dim[2 * kMaxRank] = {};
  int64_t stride[2 * kMaxRank] = {};
  int64_t offset = 0;

  void add(int64_t size, int64_t step) {
    dim[rank] = size;
    stride[rank++] = step;
  }
};

// `width` bytes an element. The window lies within x; y has room for all of it.
void copy_strided(const rt::RunEnv& env, const void* x, void* y, size_t width, const StridedRead& read);

}  // namespace verge::exec
