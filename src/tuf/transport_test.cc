#include "tuf/transport.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "os/file.h"

namespace verge::tuf {
namespace {

TEST(FolderTransport, ReadsBelowItsPrefixWithinTheLimit) {
  const std::string folder = testing::TempDir() + "/verge_transport_" + std::to_string(::getpid());
  ASSERT_TRUE(make_directories(folder).ok());
  for (const char* name : {"a b", "%zz"}) ASSERT_TRUE(write_file(folder + "/" + name, std::string("12345")).ok());
  const auto t = make_folder_transport("https://server/updates", folder);
  EXPECT_EQ(fetch_bytes(*t, "https://server/updates/a%20b", 5)->size(), 5U);
  EXPECT_EQ(fetch_bytes(*t, "https://server/updates/%zz", 5)->size(), 5U) << "no code: the characters themselves";
  EXPECT_EQ(fetch_bytes(*t, "https://server/updates/a%20b", 4).error().code(), Code::kBudget);
  EXPECT_EQ(fetch_bytes(*t, "https://server/updates/none", 4).error().code(), Code::kNotFound);
  EXPECT_EQ(fetch_bytes(*t, "https://elsewhere/a%20b", 5).error().code(), Code::kNotFound);
  Bytes rest;
  ASSERT_TRUE(t->fetch("https://server/updates/a%20b", 2, 3, [&](ByteSpan piece) -> Result<void> {
                 rest.assign(piece.begin(), piece.end());
                 return done();
               }).ok());
  EXPECT_EQ(rest, Bytes({'4', '5'}));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace verge::tuf
