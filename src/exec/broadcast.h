// Numpy broadcasting as rows: dimensions that all operands treat alike are merged, and the last one is a row in which each operand advances by
// one element or stands still.
#pragma once
#include "base/shape.h"
#include "exec/blocks.h"

namespace verge::exec {

inline constexpr int kMaxOperands = 3;

// True when `in` stretches to `out` by the rule: aligned at the last dimension, equal or 1.
bool broadcasts_to(const Shape& in, const Shape& out);
// True when `out` is what the operands give together: each stretches to it, and every dimension stands in one of them.
bool broadcast_together(const Shape& out, const Shape* const* operands, int count);

struct Broadcast {
  int operands = 0;
  int rank = 0;
  size_t dim[kMaxRank] = {};
  size_t stride[kMaxOperands][kMaxRank] = {};  // elements; 0 where an operand stands still

  size_t row() const { return rank ? dim[rank - 1] : 1; }
  size_t rows() const;
  bool still(int operand) const { return rank == 0 || stride[operand][rank - 1] == 0; }
  // Where row `r` begins in an operand.
  size_t offset(int operand, size_t r) const;
};

// Requires broadcast_together, so that no row finds all operands still unless it is one element.
Broadcast make_broadcast(const Shape& out, const Shape* const* operands, int count);

// body(row, begin, end): the part [begin, end) of one row; a single row is cut into blocks, several are taken together.
template <typename Body> void for_rows(const rt::RunEnv& env, const Broadcast& b, const Body& body) {
  const size_t row = b.row(), rows = b.rows();
  if (rows == 1) {
    for_elements(env, row, [&](size_t begin, size_t end) { body(size_t{0}, begin, end); });
  } else if (row > 0) {
    for_blocks(env, rows, items_per_block(row), [&](size_t first, size_t last) {
      for (size_t r = first; r < last; ++r) body(r, size_t{0}, row);
    });
  }
}

}  // namespace verge::exec
