#include "base/prefault.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace verge {
namespace {

#ifdef MADV_POPULATE_WRITE
TEST(Prefault, BringsInTheWholePagesOfARangeAndNoOthers) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  constexpr size_t kPages = 64;
  auto* memory = static_cast<uint8_t*>(::mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  if (::madvise(memory, page, MADV_POPULATE_WRITE) != 0) GTEST_SKIP() << "this kernel does not know MADV_POPULATE_WRITE (Linux 5.14)";
  prefault(memory + 8 * page + 1, 4 * page, Access::kWrite);
  std::vector<unsigned char> resident(kPages);
  ASSERT_EQ(::mincore(memory, kPages * page, resident.data()), 0);
  const std::vector<unsigned char> wanted = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0};
  for (size_t i = 1; i < wanted.size(); ++i) EXPECT_EQ(resident[i] & 1, wanted[i]) << "page " << i;
  ::munmap(memory, kPages * page);
}
#endif

TEST(Prefault, ARangeWithinOnePageOrNoneIsLeftAlone) {
  uint8_t byte = 7;
  prefault(&byte, 1, Access::kRead);
  prefault(nullptr, 0, Access::kWrite);
  EXPECT_EQ(byte, 7);
}

}  // namespace
}  // namespace verge
