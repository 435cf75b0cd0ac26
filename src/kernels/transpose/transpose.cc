#include "kernels/transpose/transpose.h"

#include <cstring>

#include "kernels/transpose/interleave3.h"

namespace verge {
namespace {

constexpr size_t kBlock = 16;  // rows and columns of elements moved together: a cache line of f32 each way

// y[i * columns + j] = x[i * row_step + j * column_step], elements of type T.
template <typename T> void blocks(size_t rows, size_t columns, const T* x, size_t row_step, size_t column_step, T* y) {
  for (size_t i0 = 0; i0 < rows; i0 += kBlock)
    for (size_t j0 = 0; j0 < columns; j0 += kBlock) {
      const size_t i1 = i0 + kBlock < rows ? i0 + kBlock : rows, j1 = j0 + kBlock < columns ? j0 + kBlock : columns;
      for (size_t i = i0; i < i1; ++i)
        for (size_t j = j0; j < j1; ++j) y[i * columns + j] = x[i * row_step + j * column_step];
    }
}

void move_plane(const TransposePlan& p, const char* x, char* y) {
  const size_t rows = p.size[p.rank - 2], columns = p.size[p.rank - 1], row_step = p.step[p.rank - 2], column_step = p.step[p.rank - 1];
  if (columns == 3 && row_step == 1 && (p.element_bytes == 1 || p.element_bytes == 2 || p.element_bytes == 4))
    return pick_interleave3()(rows, p.element_bytes, x, column_step, y);
  const auto typed = [&](auto zero) {
    using T = decltype(zero);
    blocks(rows, columns, reinterpret_cast<const T*>(x), row_step, column_step, reinterpret_cast<T*>(y));
  };
  switch (p.element_bytes) {
    case 1: return typed(uint8_t{});
    case 2: return typed(uint16_t{});
    case 4: return typed(uint32_t{});
    case 8: return typed(uint64_t{});
    default: break;
  }
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j, y += p.element_bytes) std::memmove(y, x + (i * row_step + j * column_step) * p.element_bytes, p.element_bytes);
}

void append(TransposePlan& p, size_t size, size_t step) {
  if (p.rank > 0 && p.step[p.rank - 1] == size * step) {  // stays together with the axis before it
    p.size[p.rank - 1] *= size;
    p.step[p.rank - 1] = step;
    return;
  }
  p.size[p.rank] = size;
  p.step[p.rank++] = step;
}

// The innermost run counts as one element; steps become those of runs.
void absorb_run(TransposePlan& p) {
  if (p.rank == 0 || p.step[p.rank - 1] != 1) return;
  const size_t run = p.size[p.rank - 1];
  p.element_bytes *= run;
  --p.rank;
  for (int d = 0; d < p.rank; ++d) p.step[d] /= run;
}

}  // namespace

TransposePlan plan_transpose(int rank, const size_t* shape, const int* permutation, size_t element_bytes) {
  size_t steps[kTransposeRank];
  for (size_t d = static_cast<size_t>(rank), step = 1; d-- > 0; step *= shape[d]) steps[d] = step;
  TransposePlan plan;
  plan.element_bytes = element_bytes;
  bool empty = false;
  for (int d = 0; d < rank; ++d) {
    empty |= shape[d] == 0;
    if (shape[permutation[d]] != 1) append(plan, shape[permutation[d]], steps[permutation[d]]);
  }
  absorb_run(plan);
  while (plan.rank < 2) {  // a plane has two axes
    for (int d = plan.rank++; d > 0; --d) {
      plan.size[d] = plan.size[d - 1];
      plan.step[d] = plan.step[d - 1];
    }
    plan.size[0] = 1;
    plan.step[0] = 0;
  }
  plan.parts = empty ? 0 : 1;
  for (int d = 0; d + 2 < plan.rank; ++d) plan.parts *= plan.size[d];
  return plan;
}

void transpose(const TransposePlan& plan, const void* x, void* y, size_t begin, size_t end) {
  const size_t plane_bytes = plan.size[plan.rank - 2] * plan.size[plan.rank - 1] * plan.element_bytes;
  for (size_t part = begin; part < end; ++part) {
    size_t from = 0, rest = part;
    for (int d = plan.rank - 3; d >= 0; --d) {
      from += rest % plan.size[d] * plan.step[d];
      rest /= plan.size[d];
    }
    move_plane(plan, static_cast<const char*>(x) + from * plan.element_bytes, static_cast<char*>(y) + part * plane_bytes);
  }
}

}  // namespace verge
