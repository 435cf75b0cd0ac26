// Work split over blocks whose size the caller fixes from shapes alone, so that results do not depend on the number of threads.
#pragma once
#include <cstddef>

#include "rt/op_table.h"

namespace verge::exec {

inline constexpr size_t kElementBlock = 16384;

// body(begin, end) for consecutive pieces of [0, count), each of `block` indices but the last.
template <typename Body> void for_blocks(const rt::RunEnv& env, size_t count, size_t block, const Body& body) {
  env.parallel.each((count + block - 1) / block, [&](size_t i) {
    const size_t begin = i * block, left = count - begin;
    body(begin, begin + (left < block ? left : block));
  });
}

// How many items of `item_elements` elements make a block worth a thread.
inline size_t items_per_block(size_t item_elements) { return item_elements >= kElementBlock ? 1 : kElementBlock / (item_elements ? item_elements : 1); }

}  // namespace verge::exec
