#include "exec/strided.h"

#include <cstring>

#include "exec/blocks.h"

namespace verge::exec {
namespace {

// Without dimensions of size 1, neighbours merged where one stride continues the other; at least one dimension.
StridedRead simplified(const StridedRead& read) {
  StridedRead out;
  out.offset = read.offset;
  for (int d = 0; d < read.rank; ++d) {
    if (read.dim[d] == 1) continue;
    if (out.rank > 0 && out.stride[out.rank - 1] == read.stride[d] * read.dim[d]) {
      out.dim[out.rank - 1] *= read.dim[d];
      out.stride[out.rank - 1] = read.stride[d];
    } else {
      out.add(read.dim[d], read.stride[d]);
    }
  }
  if (out.rank == 0) out.add(1, 1);
  return out;
}

template <size_t width> void copy_row(const uint8_t* x, uint8_t* y, int64_t count, int64_t step) {
  for (int64_t i = 0; i < count; ++i) std::memmove(y + i * static_cast<int64_t>(width), x + i * step, width);
}

void copy_row(const uint8_t* x, uint8_t* y, int64_t count, int64_t stride, size_t width) {
  const int64_t step = stride * static_cast<int64_t>(width);
  if (stride == 1) std::memmove(y, x, static_cast<size_t>(count) * width);
  else if (width == 1) copy_row<1>(x, y, count, step);
  else if (width == 2) copy_row<2>(x, y, count, step);
  else if (width == 4) copy_row<4>(x, y, count, step);
  else copy_row<8>(x, y, count, step);
}

}  // namespace

void copy_strided(const rt::RunEnv& env, const void* x, void* y, size_t width, const StridedRead& read) {
  const StridedRead r = simplified(read);
  const int64_t row = r.dim[r.rank - 1];
  size_t rows = 1;
  for (int d = 0; d + 1 < r.rank; ++d) rows *= static_cast<size_t>(r.dim[d]);
  if (row == 0 || rows == 0) return;
  for_blocks(env, rows, items_per_block(static_cast<size_t>(row)), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      int64_t at = r.offset;
      size_t rest = i;
      for (int d = r.rank - 2; d >= 0; --d) {
        at += static_cast<int64_t>(rest % static_cast<size_t>(r.dim[d])) * r.stride[d];
        rest /= static_cast<size_t>(r.dim[d]);
      }
      const auto from = at * static_cast<int64_t>(width);
      copy_row(static_cast<const uint8_t*>(x) + from, static_cast<uint8_t*>(y) + i * static_cast<size_t>(row) * width, row, r.stride[r.rank - 1], width);
    }
  });
}

}  // namespace verge::exec
