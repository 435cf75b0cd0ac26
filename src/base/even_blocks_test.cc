#include "base/even_blocks.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

TEST(EvenBlocks, CoverEveryItemOnceInOrder) {
  for (const size_t count : {0, 1, 2, 7, 24, 97, 98, 1000})
    for (const size_t block : {1, 3, 24, 2000})
      for (const int threads : {1, 2, 3, 8}) {
        const EvenBlocks blocks(count, block, threads);
        size_t next = 0;
        for (size_t i = 0; i < blocks.size(); ++i) {
          ASSERT_EQ(blocks.begin(i), next) << count << " items by " << block << ", " << threads << " threads";
          ASSERT_LE(blocks.end(i) - next, block);
          next = blocks.end(i);
        }
        ASSERT_EQ(next, count);
      }
}

TEST(EvenBlocks, ThreadsShareEvenly) {
  const EvenBlocks blocks(196, 24, 2);
  EXPECT_EQ(blocks.size(), 10u);
  EXPECT_EQ(blocks.begin(5), 98u);
  EXPECT_EQ(EvenBlocks(196, 196, 2).size(), 1u);
}

}  // namespace
}  // namespace verge
