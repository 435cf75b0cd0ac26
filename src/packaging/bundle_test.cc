#include "packaging/bundle.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

Bytes package_of(size_t bytes, uint8_t last) {
  PackageContents contents;
  contents.manifest = {{"name", "variant"}};
  contents.program = Bytes(bytes);
  for (size_t i = 0; i < bytes; ++i) contents.program[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  contents.program.back() = last;
  return make_package(contents);
}

TEST(Bundle, GivesBackEveryPackageToTheByteAndStoresWhatTheyShareOnce) {
  const std::vector<Bytes> packages = {package_of(40000, 1), package_of(40000, 2), package_of(20000, 3)};
  const auto bundle = make_bundle(packages);
  ASSERT_TRUE(bundle.ok()) << bundle.error().message();
  EXPECT_LT(bundle->size(), packages[0].size() + 2000);
  const auto back = open_bundle(*bundle);
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(*back, packages);
}

TEST(Bundle, PackagesFromMemoryOpenLikeFiles) {
  const auto file = open_package_bytes(package_of(500, 9), "9", Verify::kFull);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->program.size(), 500U);
  EXPECT_EQ(file->program[499], 9);
  EXPECT_FALSE(open_package_bytes(Bytes(10), "nothing").ok());
}

TEST(Bundle, EveryTruncationAndEveryBitFlipIsFound) {
  const std::vector<Bytes> packages = {package_of(300, 1), package_of(300, 2)};
  const Bytes bundle = *make_bundle(packages);
  for (size_t n = 0; n < bundle.size(); ++n) EXPECT_FALSE(open_bundle(ByteSpan(bundle).first(n)).ok()) << n;
  for (size_t bit = 0; bit < 8 * bundle.size(); ++bit) {
    Bytes damaged = bundle;
    damaged[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    const auto back = open_bundle(damaged);
    if (!back.ok() || *back == packages) continue;  // padding may be anything
    // The first package is not under the bundle's own hashes: its sections' are.
    const bool first = open_package_bytes((*back)[0], "first", Verify::kFull).ok(), second = open_package_bytes((*back)[1], "second", Verify::kFull).ok();
    EXPECT_FALSE(first && second && (*back)[0].size() == packages[0].size() && (*back)[1] != packages[1]) << "bit " << bit;
  }
}

TEST(Bundle, RefusesOnePackageAndWhatIsNone) {
  EXPECT_FALSE(make_bundle(std::vector<Bytes>{package_of(300, 1)}).ok());
  EXPECT_FALSE(make_bundle(std::vector<Bytes>{package_of(300, 1), Bytes(100)}).ok());
}

}  // namespace
}  // namespace verge
