// Work cut so that threads find what they need in their own caches.
#pragma once
#include <cstddef>

namespace verge {

// `count` items cut into as many even parts as there are threads, and each part into blocks: from one operator to the next a thread finds its own part in its
// cache, where reading what another has just written costs several times as much as computing it.
class EvenBlocks {
 public:
  EvenBlocks(size_t count, size_t block, int threads)
      : count_(count), block_(block ? block : 1), parts_(count > block_ ? at_most(static_cast<size_t>(threads > 1 ? threads : 1), divide_up(count, block_)) : count > 0),
        part_(parts_ > 1 ? divide_up(count, parts_) : count), per_part_(part_ > block_ ? divide_up(part_, block_) : 1) {}

  size_t size() const { return parts_ * per_part_; }
  // Items of block i, [begin, end): at most `block`, and none where the last part is short.
  size_t begin(size_t i) const { return i == 0 ? 0 : at_most(i / per_part_ * part_ + i % per_part_ * block_, count_); }
  size_t end(size_t i) const { return i + 1 == size() ? count_ : at_most(at_most(begin(i) + block_, (i / per_part_ + 1) * part_), count_); }

 private:
  static size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
  static size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

  size_t count_, block_, parts_, part_, per_part_;
};

}  // namespace verge
