// Work split over blocks; what an index computes never depends on them.
#pragma once
#include <cstddef>

#include "base/even_blocks.h"
#include "rt/op_table.h"

namespace verge::exec {

inline constexpr size_t kElementBlock = 4096;

// body(begin, end) for consecutive pieces of [0, count), of about `block` indices: for threads a few each, which costs less than asking for many.
template <typename Body> void for_blocks(const rt::RunEnv& env, size_t count, size_t block, const Body& body) {
  constexpr size_t kOfAThread = 4;
  const size_t many = env.parallel.threads > 1 ? count / (kOfAThread * static_cast<size_t>(env.parallel.threads)) : 0;
  const EvenBlocks blocks(count, block < many ? many : block, env.parallel.threads);
  env.parallel.each(blocks.size(), [&](size_t i) {
    if (blocks.begin(i) < blocks.end(i)) body(blocks.begin(i), blocks.end(i));
  });
}

// The same over elements that each need little, which one thread takes in one go.
template <typename Body> void for_elements(const rt::RunEnv& env, size_t count, const Body& body) { for_blocks(env, count, env.parallel.threads > 1 ? kElementBlock : count, body); }

// How many items of `item_elements` elements make a block worth a thread.
inline size_t items_per_block(size_t item_elements) { return item_elements >= kElementBlock ? 1 : kElementBlock / (item_elements ? item_elements : 1); }

}  // namespace verge::exec
