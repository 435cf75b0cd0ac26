#include "packaging/package_file.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace verge {
namespace {

std::string temporary(const std::string& name) { return testing::TempDir() + "/" + name; }

PackageContents sample() {
  PackageContents c;
  c.manifest = {{"name", "tiny"}};
  c.program = Bytes(200, 7);
  c.golden.push_back({{Tensor::of<float>({2}, {1, 2})}, {Tensor::of<int8_t>({3}, {1, 2, 3})}});
  return c;
}

TEST(Package, ReadsBackWhatWasWritten) {
  const std::string path = temporary("a.vpk");
  ASSERT_TRUE(write_file(path, make_package(sample())).ok());
  auto file = open_package(path, Verify::kFull);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->manifest["name"], "tiny");
  EXPECT_EQ(Bytes(file->program().begin(), file->program().end()), Bytes(200, 7));
  auto golden = file->golden();
  ASSERT_TRUE(golden.ok());
  ASSERT_EQ(golden->size(), 1u);
  EXPECT_EQ((*golden)[0].inputs[0].at(1), 2);
  EXPECT_EQ((*golden)[0].outputs[0].at(2), 3);
}

TEST(Package, PixelsAsFloatsCostAByteEach) {
  PackageContents pixels = sample(), noise = sample();
  pixels.golden = {{{Tensor::of<float>({1000}, std::vector<float>(1000, 200.0f))}, {}}};
  noise.golden = {{{Tensor::of<float>({1000}, std::vector<float>(1000, 200.5f))}, {}}};
  EXPECT_EQ(make_package(pixels).size() + 3000, make_package(noise).size());
  const std::string path = temporary("d.vpk");
  ASSERT_TRUE(write_file(path, make_package(pixels)).ok());
  const auto golden = open_package(path)->golden();
  ASSERT_TRUE(golden.ok());
  EXPECT_EQ((*golden)[0].inputs[0].values<float>()[999], 200.0f);
}

TEST(Package, SeededInputsCostEightBytesAndComeBack) {
  PackageContents c = sample();
  const Tensor noise = seeded_tensor(DataType::kI8, {1, 64, 64, 3}, 1);
  c.golden = {{{noise}, {}}};
  EXPECT_LT(make_package(c).size(), make_package(sample()).size() + 1000);
  const std::string path = temporary("e.vpk");
  ASSERT_TRUE(write_file(path, make_package(c)).ok());
  const auto golden = open_package(path)->golden();
  ASSERT_TRUE(golden.ok());
  EXPECT_TRUE(std::equal(noise.bytes().begin(), noise.bytes().end(), (*golden)[0].inputs[0].bytes().begin()));
}

TEST(Package, SameContentsGiveTheSameBytes) { EXPECT_EQ(make_package(sample()), make_package(sample())); }

TEST(Package, EveryTruncationAndBitFlipIsRefusedInFullVerification) {
  const Bytes whole = make_package(sample());
  const std::string path = temporary("b.vpk");
  for (size_t n = 0; n < whole.size(); n += 3) {
    ASSERT_TRUE(write_file(path, ByteSpan(whole).first(n)).ok());
    EXPECT_FALSE(open_package(path, Verify::kFull).ok()) << "cut at " << n;
  }
  auto* memory = static_cast<uint8_t*>(std::aligned_alloc(64, (whole.size() + 63) / 64 * 64));
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::memcpy(memory, whole.data(), whole.size());
    memory[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    package::Reader reader;
    if (!package::Reader::open(memory, whole.size(), &reader).ok()) continue;
    (void)reader.verify().ok();
    (void)reader.find(package::Kind::kGolden);
  }
  std::free(memory);
}

TEST(Package, AChangedWeightByteIsFoundByFullVerification) {
  Bytes bytes = make_package(sample());
  bytes[bytes.size() - 200] ^= 1;
  const std::string path = temporary("c.vpk");
  ASSERT_TRUE(write_file(path, bytes).ok());
  auto file = open_package(path, Verify::kFull);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), Code::kIntegrity);
}

}  // namespace
}  // namespace verge
