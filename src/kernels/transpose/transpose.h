// Reorders the axes of a tensor of any element size: y[i_0, ..., i_r-1] = x[j] with j[permutation[d]] = i[d].
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

inline constexpr int kTransposeRank = 8;

// How to reorder one shape: axes of size 1 are gone and neighbours that stay together are one. Made by plan_transpose.
struct TransposePlan {
  int rank = 0;
  size_t size[kTransposeRank];  // of the output, outermost first
  size_t step[kTransposeRank];  // in the input, in elements
  size_t element_bytes = 0;     // a run of elements that stays in order counts as one
  size_t parts = 0;             // of equal work; the outermost axes of the output
};

// Rank at most kTransposeRank.
TransposePlan plan_transpose(int rank, const size_t* shape, const int* permutation, size_t element_bytes);

// Parts [begin, end) of plan.parts; any thread may compute any part. x and y do not overlap.
void transpose(const TransposePlan& plan, const void* x, void* y, size_t begin, size_t end);

}  // namespace verge
