#include "eval/by_parts.h"

#include <gtest/gtest.h>

#include <vector>

namespace verge {
namespace {

TEST(ByParts, EverySampleIsInOneRun) {
  for (const size_t count : {0, 1, 7, 100})
    for (const size_t parts : {1, 2, 3, 16}) {
      std::vector<int> seen(count, 0);
      ASSERT_TRUE(by_parts(count, parts, [&](size_t, size_t begin, size_t end) {
                    for (size_t i = begin; i < end; ++i) ++seen[i];
                    return done();
                  }).ok());
      EXPECT_EQ(seen, std::vector<int>(count, 1)) << count << " samples in " << parts;
    }
}

TEST(ByParts, TheFirstPartsErrorIsReturned) {
  const Result<void> r = by_parts(9, 3, [&](size_t part, size_t, size_t) { return part == 0 ? done() : Result<void>(invalid("part " + std::to_string(part))); });
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(r.error().message(), "part 1");
}

}  // namespace
}  // namespace verge
